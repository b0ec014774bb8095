import { Widget } from '@lumino/widgets';

export const FOLD_MIME = 'application/vnd.ssvm.fold+json';

/** Shows a label with text folded behind it, in outputs: a command and what it printed, what a guest can ask for. */
export class FoldRenderer extends Widget {
  constructor() {
    super();
    this.addClass('ssvm-report-output');
  }

  /** Called again each time the output changes: a running command prints more. */
  async renderModel(model: { readonly data: Readonly<Record<string, unknown>> }): Promise<void> {
    const { showFold } = await import('./foldView.js');
    showFold(this.node, model.data[FOLD_MIME]);
  }
}
