import type { IKernelConnection, IMessage, ISessionContext } from '@jupyterlab/services';

import { REPLY, REQUEST, VERSION, messageId, readEvent, readReply } from './protocol.js';
import type { Look, Question, Request } from './protocol.js';
import type { KnownKernels } from './knownKernels.js';

const REPLY_MS = 20_000;
const BUSY_MS = 4000;
const READY_MS = 2000;

/** What a link tells those who listen. */
export type Change = 'question' | 'kernel' | 'status';

/**
 * The link of one notebook with its kernel's guests.
 *
 * Requests go over the control channel, which works while a cell is running and after a reload of the page.
 */
export class KernelLink {
  /**
   * @param context - The notebook's session.
   * @param known - Kernels that have guests, also from before the page was loaded.
   * @param mentionsGuests - Whether the notebook's text speaks of guests.
   */
  constructor(
    readonly context: ISessionContext,
    private readonly known: KnownKernels,
    private readonly mentionsGuests: () => boolean
  ) {
    context.iopubMessage.connect(this.onMessage);
    context.kernelChanged.connect(this.onKernel);
    context.statusChanged.connect(this.onStatus);
    context.connectionStatusChanged.connect(this.onKernel);
    this.onKernel();
  }

  /** The question that waits for its answer. */
  get question(): Question | null {
    return this.asked;
  }

  /** Whether the kernel has said that it has guests. */
  get isThere(): boolean {
    return this.greeted;
  }

  /** Whether this page shows questions in its dialog; the kernel is told. */
  set prompts(on: boolean) {
    this.showsPrompts = on;
    if (this.greeted) {
      void this.greet();
    }
  }

  /** Be told of changes; returns how to stop that. */
  listen(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Grants in force, and the lines of the ledger after line `since`. */
  async look(since: number): Promise<Look> {
    return (await this.request({ do: 'look', since })) as Look;
  }

  async revoke(grant: string): Promise<void> {
    await this.request({ do: 'revoke', grant });
  }

  async exportOptions(): Promise<string> {
    return ((await this.request({ do: 'export' })) as { options: string }).options;
  }

  /** Say that the question is on the screen (`choice` null), or what the person chose. */
  async answer(question: Question, choice: string | null): Promise<void> {
    await this.request({ do: 'answer', id: question.id, nonce: question.nonce, choice });
  }

  /** Ask a kernel of which nothing is known; it is a person who wants to know. */
  async greet(): Promise<void> {
    const { life, heard, showsPrompts } = this;
    try {
      const reply = await this.request({ do: 'hello', prompts: showsPrompts });
      if (life !== this.life) {
        return; // from a kernel that is gone
      }
      this.greeted = true;
      this.known.add(this.kernel?.id);
      // Replies and events come on different channels: what was heard meanwhile is newer than the reply, which would
      // take a question away that waits, or bring one back that is settled.
      if (heard === this.heard) {
        this.ask((reply as { question: Question | null }).question);
      }
    } catch (error) {
      console.debug('ssvm-kernel: no answer from the kernel', error);
      return;
    }
    if (showsPrompts !== this.showsPrompts) {
      await this.greet(); // it changed meanwhile
    }
  }

  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this.timer);
    this.listeners.clear();
    this.context.iopubMessage.disconnect(this.onMessage);
    this.context.kernelChanged.disconnect(this.onKernel);
    this.context.statusChanged.disconnect(this.onStatus);
    this.context.connectionStatusChanged.disconnect(this.onKernel);
  }

  private get kernel(): IKernelConnection | null {
    return this.context.session?.kernel ?? null;
  }

  private request(content: Request): Promise<object> {
    const { kernel } = this;
    if (kernel === null) {
      return Promise.reject(new Error('There is no kernel.'));
    }
    const message = {
      header: {
        msg_id: messageId(),
        msg_type: REQUEST,
        session: kernel.clientId,
        username: kernel.username,
        date: new Date().toISOString(),
        version: '5.3'
      },
      parent_header: {},
      metadata: {},
      channel: 'control',
      content: { version: VERSION, ...content },
      buffers: []
    };
    return new Promise((resolve, reject) => {
      // Only the reply is waited for: the kernel sends no "idle" with it, which would be shown in mid-cell.
      const future = kernel.sendControlMessage(message, true, false);
      const timer = setTimeout(() => {
        future.dispose();
        reject(new Error('The kernel does not answer.'));
      }, REPLY_MS);
      future.onReply = reply => {
        clearTimeout(timer);
        future.dispose();
        if (reply.header.msg_type !== REPLY) {
          reject(new Error('The kernel does not know what was asked.'));
          return;
        }
        // A refusal, which is thrown, becomes the promise's.
        resolve(Promise.resolve(reply.content).then(readReply));
      };
    });
  }

  private readonly onMessage = (_: unknown, message: IMessage): void => {
    const said = readEvent(message.header.msg_type, message.content);
    if (said?.event === 'here') {
      void this.greet();
    } else if (said?.event === 'question') {
      this.heard += 1;
      this.ask(said.question);
    } else if (said?.event === 'settled') {
      this.heard += 1;
      if (said.nonce === this.asked?.nonce) {
        this.ask(null);
      }
    }
  };

  private ask(question: Question | null): void {
    if (question?.nonce !== this.asked?.nonce) {
      this.asked = question;
      this.tell('question');
    }
  }

  /** Another kernel, or the same one on a new connection: say hello where it is likely to be heard. */
  private readonly onKernel = (): void => {
    const { kernel } = this;
    clearTimeout(this.timer);
    if (kernel?.id !== this.kernelId) {
      this.kernelId = kernel?.id;
      this.forget();
    }
    if (kernel === null) {
      return;
    }
    if (this.known.has(kernel.id)) {
      void this.greet();
      return;
    }
    // A kernel without guests would write a line about an unknown message into the server's log.  One that is busy
    // for long, in a notebook about guests, may wait for an answer that the page that asked cannot give any more.
    this.greetLater(BUSY_MS, () => this.kernel?.status !== 'idle' && this.mentionsGuests());
    // The SSVM kernel has called before this page could hear it.  It answers a hello a moment after it tells what it is.
    kernel.info.then(
      ({ implementation }) => {
        if (implementation === 'ssvm' && kernel === this.kernel && !this.isDisposed) {
          this.greetLater(READY_MS, () => ['idle', 'busy'].includes(kernel.status));
        }
      },
      () => undefined // there is no such kernel any more
    );
  };

  private greetLater(milliseconds: number, isMeant: () => boolean): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (!this.greeted && isMeant()) {
        void this.greet();
      }
    }, milliseconds);
  }

  private readonly onStatus = (_: unknown, status: string): void => {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this.known.remove(this.kernel?.id);
      this.forget();
    }
    this.tell('status');
  };

  private forget(): void {
    this.greeted = false;
    this.life += 1;
    this.ask(null);
    this.tell('kernel');
  }

  private tell(change: Change): void {
    for (const listener of [...this.listeners]) {
      listener(change);
    }
  }

  private readonly listeners = new Set<(change: Change) => void>();
  private asked: Question | null = null;
  private greeted = false;
  private isDisposed = false;
  /** Counts what the kernel said of questions. */
  private heard = 0;
  /** Counts the kernels, and the restarts of each. */
  private life = 0;
  private kernelId: string | undefined;
  private showsPrompts = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
}
