export const themes = ['system', 'light', 'dark'] as const;
export type ThemeName = (typeof themes)[number];

const storageKey = 'theme';

/** Light, dark or what the system says; kept in this browser. */
class Theme {
  #name = $state<ThemeName>(themes.find((name) => name === localStorage.getItem(storageKey)) ?? 'system');

  get name(): ThemeName {
    return this.#name;
  }

  set name(name: ThemeName) {
    this.#name = name;
    localStorage.setItem(storageKey, name);
    this.apply();
  }

  apply(): void {
    if (this.#name === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.#name;
  }
}

export const theme = new Theme();
