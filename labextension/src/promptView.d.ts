/**
 * The prompt as the widget shows it: `tools/prompt-view.mjs` puts the widget's own scripts together, so that dialog and
 * widget cannot differ in what they show, in when their buttons work and in which keys do what.
 */

export interface PromptModel {
  get(name: 'prompt'): unknown;
  send(content: object): void;
  translate?(words: string): string;
}

declare const view: {
  /** Show a prompt inside `el`; returns how to end it. */
  render(place: { model: PromptModel; el: HTMLElement }): () => void;
};
export default view;
