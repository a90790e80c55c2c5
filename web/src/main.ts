import './no-eval.ts';
import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import App from './App.svelte';
import { theme } from './ui/theme.svelte.ts';

theme.apply();
mount(App, { target: document.body });
