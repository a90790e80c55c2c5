import type { Message, MessageRole } from '../../../shared/conversations.ts';

interface Turn {
  readonly key: number;
  readonly role: MessageRole;
  content: string;
}

/** What is to be answered, while it is being written: it always ends with a turn of the user. */
export class Prompt {
  turns = $state<Turn[]>([]);
  #nextKey = 0;

  constructor(messages: readonly Message[] = []) {
    this.replace(messages);
  }

  get messages(): Message[] {
    return this.turns.map(({ role, content }) => ({ role, content }));
  }

  get hasSystem(): boolean {
    return this.turns[0]?.role === 'system';
  }

  /** True while a turn is still to be written. */
  get blank(): boolean {
    return this.turns.some(({ content }) => content.trim() === '');
  }

  replace(messages: readonly Message[]): void {
    this.turns = messages.map((message) => this.#turn(message.role, message.content));
    if (this.turns.at(-1)?.role !== 'user') this.turns.push(this.#turn('user'));
  }

  /** An answer, and what the user says next. */
  addTurns(): void {
    this.turns.push(this.#turn('assistant'), this.#turn('user'));
  }

  removeLastTurns(): void {
    this.turns = this.turns.slice(0, -2);
  }

  toggleSystem(): void {
    this.turns = this.hasSystem ? this.turns.slice(1) : [this.#turn('system'), ...this.turns];
  }

  #turn(role: MessageRole, content = ''): Turn {
    return { key: this.#nextKey++, role, content };
  }
}
