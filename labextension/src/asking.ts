import type { TranslationBundle } from '@jupyterlab/translation';

import type { PromptDialog } from './dialog.js';
import type { KernelLink } from './kernelLink.js';
import type { Links } from './links.js';
import { denial, type Question } from './protocol.js';

const PAUSE_MS = 700;
const MOST_MS = 5000;
const SETTLED_MS = 2000;

/** Shows the questions of all kernels, one at a time. */
export class Asking {
  constructor(
    private readonly links: Links,
    private readonly trans: TranslationBundle
  ) {
    // A dialog takes the keyboard.  It waits until the person pauses, so that no key was meant for something else.
    document.addEventListener('keydown', () => (this.typed = performance.now()), true);
    links.listen((link, change) => {
      if (link !== null && change !== 'status') {
        void this.follow(link);
      }
    });
  }

  /** Show the oldest question that waits, also one that was put aside. */
  show(): void {
    this.aside.clear();
    void this.next();
  }

  private async follow(link: KernelLink): Promise<void> {
    if (this.shown?.link === link && this.shown.nonce !== link.question?.nonce) {
      this.hide();
    }
    // A part that cannot be loaded (the server is gone, or has another version by now) shows nothing: the kernel is told
    // nothing either, and asks in another way.
    if (link.question !== null && this.isOn && (await loaded()) === null) {
      return;
    }
    const { question } = link;
    if (question !== null && this.isOn) {
      // Whoever asked knows that the question arrived; the person may take all the time.
      await link.answer(question, null).catch(report);
    }
    await this.next();
  }

  private async next(): Promise<void> {
    this.takeBar();
    const waiting = this.links.all.filter(link => link.question !== null);
    const link = waiting.find(one => !this.aside.has(one.question?.nonce ?? ''));
    if (this.shown !== null || !this.isOn) {
      return;
    }
    if (link === undefined) {
      if (waiting[0] !== undefined) {
        await this.showBar(waiting[0]);
      }
      return;
    }
    await this.open(link);
  }

  private async open(link: KernelLink): Promise<void> {
    const { question } = link;
    if (question === null) {
      return;
    }
    const shown: Shown = { link, nonce: question.nonce, dialog: null };
    this.shown = shown;
    const [part] = await Promise.all([loaded(), this.pause()]);
    if (this.shown !== shown) {
      return; // settled meanwhile
    }
    if (part === null) {
      this.shown = null;
      return;
    }
    try {
      shown.dialog = new part.PromptDialog({
        question,
        notebook: link.context.path,
        trans: this.trans,
        answer: choice => {
          this.shown = null;
          void this.answer(link, question, choice);
        },
        later: () => {
          this.shown = null;
          this.aside.add(question.nonce);
          void this.next();
        }
      });
    } catch (error) {
      await this.giveUp(link, question, error);
    }
  }

  /**
   * The kernel is newer than this page, and words its questions in another way.  It was told that this one is shown, and
   * would wait for ever; the next ones it asks without this page.
   */
  private async giveUp(link: KernelLink, question: Question, error: unknown): Promise<void> {
    console.warn('ssvm-kernel: the question cannot be shown and is denied; reload the page', error);
    this.shown = null;
    this.on = false;
    await link.answer(question, denial(question)).catch(report);
  }

  /** Send an answer.  Where the question is still open after that, the kernel did not take it, and it is shown again. */
  private async answer(link: KernelLink, question: Question, choice: string): Promise<void> {
    await link.answer(question, choice).catch(report);
    await new Promise(resolve => setTimeout(resolve, SETTLED_MS));
    if (link.question?.nonce === question.nonce) {
      await this.next();
    }
  }

  private hide(): void {
    this.shown?.dialog?.close();
    this.shown = null;
  }

  private async showBar(link: KernelLink): Promise<void> {
    const part = await loaded();
    if (part === null || link.question === null || this.shown !== null) {
      return; // settled meanwhile
    }
    this.takeBar();
    this.takeBar = part.waitingBar(this.trans, link.context.path, () => {
      this.show();
    });
  }

  private async pause(): Promise<void> {
    const begun = performance.now();
    while (performance.now() - this.typed < PAUSE_MS && performance.now() - begun < MOST_MS) {
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }

  /** Whether questions are shown here at all; a setting. */
  set on(on: boolean) {
    this.isOn = on;
    this.links.prompts = on;
    if (!on) {
      this.hide();
      this.takeBar();
    } else {
      void this.next();
    }
  }

  private isOn = false;
  private shown: Shown | null = null;
  private takeBar: () => void = () => undefined;
  private readonly aside = new Set<string>();
  private typed = -PAUSE_MS;
}

interface Shown {
  readonly link: KernelLink;
  readonly nonce: string;
  dialog: PromptDialog | null;
}

async function loaded(): Promise<typeof import('./dialog.js') | null> {
  try {
    return await import('./dialog.js');
  } catch (error) {
    console.warn('ssvm-kernel: the dialog cannot be loaded; reload the page', error);
    return null;
  }
}

function report(error: unknown): void {
  console.warn('ssvm-kernel: the kernel took no answer', error);
}
