/** Short messages at the edge of the window: what was done, and how to undo it. */
import type { Tone } from './StateBadge';

export interface Toast {
  id: number;
  text: string;
  tone: Tone;
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 8_000;

/** The messages on the screen, oldest first; each goes by itself unless it tells of a failure. */
export class ToastList {
  #toasts: readonly Toast[] = [];
  #listeners = new Set<() => void>();
  #lastId = 0;

  show(text: string, options: Partial<Pick<Toast, 'tone' | 'action'>> = {}): number {
    this.#lastId += 1;
    const toast: Toast = { id: this.#lastId, text, tone: 'good', ...options };
    this.#set([...this.#toasts.slice(-3), toast]);
    if (toast.tone !== 'bad') setTimeout(() => this.dismiss(toast.id), SHOWN_MS);
    return toast.id;
  }

  dismiss(id: number): void {
    this.#set(this.#toasts.filter((toast) => toast.id !== id));
  }

  all = (): readonly Toast[] => this.#toasts;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #set(toasts: readonly Toast[]): void {
    this.#toasts = toasts;
    for (const listener of this.#listeners) listener();
  }
}

export const toasts = new ToastList();

/** Tell that something did not work, with the reason. */
export const showFailure = (what: string, error: unknown): number =>
  toasts.show(`${what}: ${error instanceof Error ? error.message : String(error)}`, {
    tone: 'bad',
  });
