import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { Links } from './links.js';

/** How many questions wait, and how many grants are in force in the notebook in front. */
export class StatusItem extends Widget {
  constructor(
    private readonly links: Links,
    private readonly trans: TranslationBundle,
    act: () => void
  ) {
    super();
    this.addClass('ssvm-status-item');
    this.button.type = 'button';
    this.button.className = 'ssvm-status-button';
    this.button.addEventListener('click', act);
    this.node.append(this.button);
    this.hide();
    links.listen((link, change) => {
      const settled = change === 'status' && link?.context.session?.kernel?.status === 'idle';
      if (link === null || (link === links.current && (change !== 'status' || settled))) {
        void this.refresh();
      } else {
        this.render();
      }
    });
  }

  /** Whether there is something to say. */
  hasNews = false;

  private async refresh(): Promise<void> {
    const { current } = this.links;
    this.grants = 0;
    if (current?.isThere === true) {
      try {
        this.grants = (await current.look(Number.MAX_SAFE_INTEGER)).grants.length;
      } catch {
        this.grants = 0; // No guest has run in this kernel yet.
      }
    }
    this.render();
  }

  private render(): void {
    const waiting = this.links.all.filter(link => link.question !== null).length;
    const parts = [];
    if (waiting > 0) {
      parts.push(this.trans._n('%1 request waits', '%1 requests wait', waiting));
    }
    if (this.grants > 0) {
      parts.push(this.trans._n('%1 grant', '%1 grants', this.grants));
    }
    this.button.textContent = `SSVM: ${parts.join(' · ')}`;
    this.button.title = this.trans.__('Grants of WebAssembly guests');
    this.button.classList.toggle('ssvm-status-waiting', waiting > 0);
    this.hasNews = parts.length > 0;
    if (this.hasNews) {
      this.show();
    } else {
      this.hide();
    }
  }

  private readonly button = document.createElement('button');
  private grants = 0;
}
