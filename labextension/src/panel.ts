import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { Links } from './links.js';
import type { PanelSettings, PanelView } from './panelView.js';

/** The side panel; what is in it is loaded when it is first seen. */
export class Panel extends Widget {
  constructor(
    private readonly links: Links,
    private readonly trans: TranslationBundle,
    private readonly settings: () => PanelSettings,
    private readonly showQuestion: (() => void) | null
  ) {
    super();
    this.id = Panel.ID;
    this.addClass('ssvm-panel');
    this.title.caption = trans.__('SSVM grants and ledger');
    this.title.iconClass = 'ssvm-shieldIcon jp-SideBar-tabIcon';
    this.node.tabIndex = -1;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('SSVM grants and ledger'));
  }

  static readonly ID = 'ssvm-panel';

  protected override onAfterShow(message: unknown): void {
    super.onAfterShow(message);
    void this.open();
  }

  protected override onBeforeHide(message: unknown): void {
    super.onBeforeHide(message);
    this.view?.stop();
  }

  private async open(): Promise<void> {
    if (this.view === null) {
      const { PanelView } = await import('./panelView.js');
      this.view ??= new PanelView(this.links, this.trans, this.settings, this.showQuestion);
      this.node.append(this.view.node);
    }
    if (this.isVisible) {
      this.view.start();
    }
  }

  private view: PanelView | null = null;
}
