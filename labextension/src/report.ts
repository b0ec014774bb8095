import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

export const MIME = 'application/vnd.ssvm.run+json';

/** Shows reports in outputs; what draws them is loaded with the first one. */
export class ReportRenderer extends Widget {
  constructor(
    private readonly open: () => boolean,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('ssvm-report-output');
  }

  async renderModel(model: { readonly data: Readonly<Record<string, unknown>> }): Promise<void> {
    const { showReport } = await import('./reportView.js');
    this.node.replaceChildren(showReport(model.data[MIME], this.open(), this.trans));
  }
}
