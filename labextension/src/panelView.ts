import type { TranslationBundle } from '@jupyterlab/translation';

import type { KernelLink } from './kernelLink.js';
import type { Links } from './links.js';
import { button, commandLine, duration, make, size } from './nodes.js';
import type { Grant, LedgerLine } from './protocol.js';

import '../style/panel.css';

const REFRESH_MS = 1000;

/** What the panel may be set to. */
export interface PanelSettings {
  readonly ledgerLines: number;
}

/** The grants in force and the ledger of the notebook in front; looks at them again each second while it is seen. */
export class PanelView {
  constructor(
    private readonly links: Links,
    private readonly trans: TranslationBundle,
    private readonly settings: () => PanelSettings,
    private readonly showQuestion: (() => void) | null
  ) {
    const { trans: t } = this;
    this.state.setAttribute('role', 'status');
    this.lines.setAttribute('role', 'log');
    this.lines.setAttribute('aria-label', t.__('Ledger'));
    this.lines.tabIndex = 0;
    this.grants.setAttribute('aria-label', t.__('Grants in force'));
    const copy = button(t.__('Copy as options'), 'ssvm-panel-button', () => void this.copy());
    this.node.append(
      make('div', 'ssvm-panel-of', this.notebook),
      this.state,
      this.waiting,
      make('h3', '', t.__('Grants in force')),
      this.grants,
      copy,
      this.options,
      make('h3', '', t.__('Ledger')),
      this.lines
    );
    links.listen((link, change) => {
      if (change === 'kernel' && link === this.link) {
        this.link = undefined; // its next kernel counts the lines of its ledger from 1 again
      }
      if (this.timer !== undefined) {
        void this.refresh();
      }
    });
  }

  readonly node = make('div', 'ssvm-panel-content');

  /** The panel is seen. */
  start(): void {
    this.stop();
    // Of a kernel that nothing is known of the panel asks once: somebody wants to know.
    const { current } = this.links;
    if (current !== null && !current.isThere && !this.asked.has(current)) {
      this.asked.add(current);
      void current.greet();
    }
    this.timer = setInterval(() => {
      if (document.visibilityState === 'visible') {
        void this.refresh();
      }
    }, REFRESH_MS);
    void this.refresh();
  }

  /** The panel is not seen any more. */
  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async refresh(): Promise<void> {
    const link = this.links.current;
    if (link !== this.link) {
      this.link = link;
      this.last = 0;
      this.shownGrants = '';
      this.looking = null;
      this.lines.replaceChildren();
      this.grants.replaceChildren();
      this.options.replaceChildren();
    }
    this.notebook.textContent = link?.context.path ?? '';
    this.showWaiting(link);
    if (link?.isThere !== true) {
      this.say(this.trans.__('No guest has run in this notebook yet.'));
      return;
    }
    if (this.looking !== null) {
      return;
    }
    const looking = (this.looking = Symbol());
    try {
      const look = await link.look(this.last);
      if (looking === this.looking) {
        this.say(look.grants.length === 0 ? this.trans.__('Nothing is granted.') : '');
        this.showGrants(link, look.grants);
        this.addLines(look.ledger);
      }
    } catch (error) {
      if (looking === this.looking) {
        this.say((error as Error).message);
      }
    } finally {
      if (looking === this.looking) {
        this.looking = null;
      }
    }
  }

  private say(text: string): void {
    if (this.state.textContent !== text) {
      this.state.textContent = text;
    }
  }

  private showWaiting(link: KernelLink | null): void {
    const waits = link?.question != null;
    if (waits === this.waiting.hasChildNodes()) {
      return;
    }
    this.waiting.replaceChildren();
    if (waits) {
      this.waiting.append(this.trans.__('A guest waits for your answer. '));
      if (this.showQuestion !== null) {
        this.waiting.append(
          button(this.trans.__('Show the question'), 'ssvm-panel-button', this.showQuestion)
        );
      }
    }
  }

  private showGrants(link: KernelLink, grants: readonly Grant[]): void {
    const shown = JSON.stringify(grants.map(({ age, ...rest }) => [rest, Math.floor(age / 60)]));
    if (shown === this.shownGrants) {
      return; // a button that has the focus stays where it is
    }
    this.shownGrants = shown;
    const focused = (document.activeElement as HTMLElement | null)?.dataset.grant;
    this.grants.replaceChildren(...grants.map(grant => this.grant(link, grant)));
    this.grants.querySelector<HTMLElement>(`[data-grant="${CSS.escape(focused ?? '')}"]`)?.focus();
  }

  private grant(link: KernelLink, grant: Grant): HTMLLIElement {
    const { trans: t } = this;
    const facts = [
      grant.effect,
      grant.scope,
      t.__('from %1', grant.origin),
      grant.module === '' ? t.__('for any module') : t.__('for module %1…', grant.module),
      t.__('%1 old', duration(Math.max(1, Math.floor(grant.age)))),
      t._n('%1 use', '%1 uses', grant.uses)
    ];
    const line = make(
      'li',
      `ssvm-grant ssvm-grant-${grant.effect === 'deny' ? 'deny' : 'allow'}`,
      make('code', '', grant.what),
      make('div', 'ssvm-panel-facts', facts.join(' · '))
    );
    if (grant.revocable) {
      const revoke = button(t.__('Revoke'), 'ssvm-panel-button', () => {
        void this.revoke(link, grant.id);
      });
      revoke.dataset.grant = grant.id;
      revoke.setAttribute('aria-label', t.__('Revoke %1', grant.what));
      line.append(revoke);
    }
    return line;
  }

  private async revoke(link: KernelLink, id: string): Promise<void> {
    try {
      await link.revoke(id);
    } catch (error) {
      this.say((error as Error).message);
      return;
    }
    await this.refresh();
  }

  private addLines(lines: readonly LedgerLine[]): void {
    for (const line of lines) {
      this.last = Math.max(this.last, line.seq);
      this.lines.prepend(this.ledgerLine(line));
    }
    while (this.lines.childElementCount > this.settings().ledgerLines) {
      this.lines.lastElementChild?.remove();
    }
  }

  private ledgerLine(line: LedgerLine): HTMLDivElement {
    const allowed = line.decision === 'allow';
    const ended = [line.outcome.replace(/_/g, ' '), line.signal ?? line.status ?? ''].join(' ');
    const facts = [line.time.slice(11, 19), `${line.guest} ${line.cell}`.trim(), line.scope];
    if (allowed) {
      facts.push(ended.trim(), duration(line.ms / 1000), size(line.bytes));
    }
    const verdict = allowed ? this.trans.__('allowed') : this.trans.__('denied');
    return make(
      'div',
      `ssvm-ledger-line ssvm-ledger-${allowed ? 'allow' : 'deny'}`,
      make('div', '', make('b', '', verdict), ' ', make('code', '', commandLine(line.argv))),
      make('div', 'ssvm-panel-facts', facts.join(' · '))
    );
  }

  private async copy(): Promise<void> {
    try {
      const options = await this.links.current?.exportOptions();
      if (options !== undefined) {
        await this.copyText(options);
      }
    } catch (error) {
      this.say((error as Error).message);
    }
  }

  private async copyText(options: string): Promise<void> {
    this.options.replaceChildren();
    try {
      await navigator.clipboard.writeText(options);
    } catch {
      // Browsers have no clipboard for a page that came over plain http, and may refuse it to others.
      const field = make('textarea', 'ssvm-panel-text');
      field.readOnly = true;
      field.value = options;
      field.setAttribute('aria-label', this.trans.__('Options to copy'));
      this.options.append(
        this.trans.__('Copy this yourself; the browser does not allow it:'),
        field
      );
      field.focus();
      field.select();
      return;
    }
    this.say(this.trans.__('Copied: %1', options));
  }

  private readonly notebook = make('span', '');
  private readonly state = make('div', 'ssvm-panel-state');
  private readonly waiting = make('div', 'ssvm-panel-waiting');
  private readonly grants = make('ul', 'ssvm-panel-grants');
  private readonly options = make('div', 'ssvm-panel-options');
  private readonly lines = make('div', 'ssvm-panel-ledger');
  private readonly asked = new WeakSet<KernelLink>();
  private link: KernelLink | null | undefined = null;
  private last = 0;
  private shownGrants = '';
  /** The look that is under way; another kernel's is not waited for. */
  private looking: symbol | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
}
