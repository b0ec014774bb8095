import type { TranslationBundle } from '@jupyterlab/translation';

import view from './promptView.js';
import { denial, type Question } from './protocol.js';

import '../../ssvm_kernel/deciders/static/prompt.css';
import '../style/dialog.css';

const SUPPRESS_SHORTCUTS = 'data-lm-suppress-shortcuts';

/** What the dialog is for. */
export interface Asked {
  readonly question: Question;
  /** The notebook, for people. */
  readonly notebook: string;
  readonly trans: TranslationBundle;
  /** Called once, with the choice of the person. */
  answer(choice: string): void;
  /** Called when the person wants to look at the notebook before answering. */
  later(): void;
}

/**
 * A question in the browser's top layer.
 *
 * `showModal` puts it above all else of the page, dims the page and takes the keyboard away from it; no markup and no
 * style sheet of an output can do that, or lie above it.
 */
export class PromptDialog {
  /**
   * Show it.
   *
   * @throws Error, when the question is of a newer kernel and cannot be shown; then nothing is left of it.
   */
  constructor(private readonly asked: Asked) {
    const { question, trans, notebook } = asked;
    const dialog = (this.node = document.createElement('dialog'));
    dialog.className = 'ssvm-dialog';
    dialog.tabIndex = -1;
    dialog.setAttribute(SUPPRESS_SHORTCUTS, 'true');
    dialog.setAttribute('aria-label', trans.__('A guest of %1 asks', notebook));

    const origin = document.createElement('div');
    origin.className = 'ssvm-dialog-origin';
    origin.textContent = trans.__('JupyterLab asks for the notebook %1', notebook);
    const place = document.createElement('div');
    const look = document.createElement('button');
    look.type = 'button';
    look.className = 'ssvm-dialog-later';
    look.textContent = trans.__('Look at the notebook first');
    look.setAttribute(SUPPRESS_SHORTCUTS, 'true');
    look.addEventListener('click', event => {
      if (event.isTrusted) {
        this.close();
        asked.later();
      }
    });
    dialog.append(origin, place, look);
    dialog.addEventListener('keydown', this.onKey);
    // The browser's own way to close a dialog with Escape; what Escape means here is up to the prompt.
    dialog.addEventListener('cancel', event => {
      event.preventDefault();
    });
    dialog.addEventListener('close', this.onClose);

    document.body.append(dialog);
    dialog.showModal();
    dialog.focus(); // the prompt moves it to Deny when it is on the screen
    try {
      this.stop = view.render({
        el: place,
        model: {
          get: () => question,
          send: content => {
            this.take(content);
          },
          translate: words => trans.__(words)
        }
      });
    } catch (error) {
      this.stop = () => undefined;
      this.close(); // an empty one would lie above the page for ever
      throw error;
    }
  }

  /** Take the dialog off the page, without an answer. */
  close(): void {
    this.ended = true;
    this.stop();
    this.node.close();
    this.node.remove();
  }

  private take(content: object): void {
    const choice = 'choice' in content ? content.choice : undefined;
    if (typeof choice === 'string' && !this.ended) {
      this.close();
      this.asked.answer(choice);
    }
  }

  /** Escape outside of the prompt (inside, the prompt handles it) denies, as soon as its buttons work. */
  private readonly onKey = (event: KeyboardEvent): void => {
    event.stopPropagation();
    const deny = this.node.querySelector('.ssvm-deny');
    if (event.key === 'Escape' && event.isTrusted) {
      event.preventDefault();
      if (deny?.getAttribute('aria-disabled') === 'false') {
        this.deny();
      }
    }
  };

  /** The browser closed it against our will (Escape twice, in some): that is a denial. */
  private readonly onClose = (): void => {
    if (!this.ended) {
      this.deny();
    }
  };

  private deny(): void {
    this.take({ choice: denial(this.asked.question) });
  }

  private readonly node: HTMLDialogElement;
  private readonly stop: () => void;
  private ended = false;
}

/**
 * The line at the foot of the window while a question waits that the person has put aside.
 *
 * @returns How to take it away.
 */
export function waitingBar(
  trans: TranslationBundle,
  notebook: string,
  open: () => void
): () => void {
  const bar = document.createElement('div');
  bar.className = 'ssvm-prompt ssvm-strip ssvm-waiting';
  bar.setAttribute('role', 'status');
  const words = document.createElement('span');
  words.className = 'ssvm-strip-words';
  words.textContent = trans.__('A guest of %1 waits for your answer', notebook);
  const button = document.createElement('button');
  button.className = 'ssvm-button';
  button.textContent = trans.__('Show');
  button.setAttribute(SUPPRESS_SHORTCUTS, 'true');
  button.addEventListener('click', open);
  bar.append(words, button);
  document.body.append(bar);
  return () => {
    bar.remove();
  };
}
