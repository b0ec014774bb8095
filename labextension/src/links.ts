import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';

import { isOfGuests } from './kernelCell.js';
import { KernelLink, type Change } from './kernelLink.js';
import { KnownKernels } from './knownKernels.js';

/** The links of all open notebooks; what the other parts are built on. */
export class Links {
  constructor(private readonly tracker: INotebookTracker) {
    tracker.widgetAdded.connect((_, panel) => {
      this.add(panel);
    });
    tracker.currentChanged.connect(() => {
      this.tell(null, 'kernel');
    });
    tracker.forEach(panel => {
      this.add(panel);
    });
  }

  /** The link of the notebook in front, or null. */
  get current(): KernelLink | null {
    const panel = this.tracker.currentWidget;
    return panel === null ? null : (this.links.get(panel) ?? null);
  }

  /** All links, the oldest first. */
  get all(): readonly KernelLink[] {
    return [...this.links.values()];
  }

  /** Whether this page shows questions in its dialog. */
  set prompts(on: boolean) {
    this.showsPrompts = on;
    for (const link of this.links.values()) {
      link.prompts = on;
    }
  }

  /** Be told of changes of any link (null: another notebook is in front). */
  listen(listener: (link: KernelLink | null, change: Change) => void): void {
    this.listeners.add(listener);
  }

  private add(panel: NotebookPanel): void {
    const mentionsGuests = (): boolean =>
      panel.sessionContext.session?.kernel?.name === 'ssvm' ||
      isOfGuests(panel.content.model?.sharedModel) ||
      panel.content.widgets.some(cell => cell.model.sharedModel.getSource().includes('ssvm'));
    const link = new KernelLink(panel.sessionContext, this.known, mentionsGuests);
    link.prompts = this.showsPrompts;
    link.listen(change => {
      this.tell(link, change);
    });
    this.links.set(panel, link);
    panel.disposed.connect(() => {
      this.links.delete(panel);
      link.dispose();
      this.tell(link, 'kernel');
    });
  }

  private tell(link: KernelLink | null, change: Change): void {
    for (const listener of [...this.listeners]) {
      listener(link, change);
    }
  }

  private readonly known = new KnownKernels(() => window.localStorage);
  private readonly links = new Map<NotebookPanel, KernelLink>();
  private readonly listeners = new Set<(link: KernelLink | null, change: Change) => void>();
  private showsPrompts = false;
}

export const ILinks = new Token<Links>(
  'ssvm-kernel:ILinks',
  'The links with the guests of kernels'
);
