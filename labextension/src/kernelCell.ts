import type { Head } from './magicLine.js';

/** What JupyterLab calls a cell of the SSVM kernel. */
export const KERNEL_MIME_TYPE = 'text/x-ssvm';

const DEFAULT = 'rust';

/**
 * Read the lines above the guest in a cell of the SSVM kernel: `%lang LANG`, `%ssvm …`, then perhaps `%%LANG` or
 * `%%ssvm LANG`; `ssvm_kernel/kernel/cells.py` reads them in the same way.
 *
 * @returns Where the guest begins, and the language that the cell names (empty: the notebook's).
 */
export function readKernelHead(text: string): Head {
  let language = '';
  let to = 0;
  let at = 0;
  for (const line of text.split('\n')) {
    const end = at + line.length;
    if (line.startsWith('%%')) {
      const [word = '', second = ''] = line.slice(2).trim().split(/\s+/);
      return { language: (word === 'ssvm' ? second : word).toLowerCase(), from: 0, to: end };
    }
    if (line.startsWith('%')) {
      const named = /^%lang\s+(\S+)/.exec(line)?.[1];
      language = named?.toLowerCase() ?? language;
      to = end;
    } else if (line.trim() !== '') {
      break;
    }
    at = end + 1;
  }
  return { language, from: 0, to };
}

/** The part of a notebook's model that tells of its kernel. */
export interface NotebookModel {
  getMetadata?(key: string): unknown;
}

/** Whether a notebook's cells are guests: its kernel, which may be installed under any name, told so with its language. */
export function isOfGuests(notebook: NotebookModel | null | undefined): boolean {
  return languageInfo(notebook)?.name === 'ssvm';
}

function languageInfo(notebook: NotebookModel | null | undefined): LanguageInfo | null | undefined {
  return notebook?.getMetadata?.('language_info') as LanguageInfo | null | undefined;
}

interface LanguageInfo {
  readonly name?: unknown;
  readonly guests?: unknown;
}

/** The part of a cell's model that tells of the cells above it. */
export interface CellModel {
  readonly sharedModel?: {
    readonly notebook?: SharedNotebook | null;
  };
}

interface SharedNotebook extends NotebookModel {
  readonly cells: readonly SharedCell[];
}

interface SharedCell {
  readonly cell_type: string;
  getSource(): string;
}

/**
 * The language that a cell without one of its own is in: what the last `%lang` above it says, or that of the kernel,
 * which a kernel that was installed with `--language` tells with its `language_info`.
 */
export function notebookLanguage(model: CellModel): string {
  const notebook = model.sharedModel?.notebook;
  const cells = notebook?.cells ?? [];
  const own = cells.findIndex(cell => (cell as unknown) === model.sharedModel);
  for (const cell of cells.slice(0, Math.max(own, 0)).reverse()) {
    const source = cell.cell_type === 'code' ? cell.getSource() : '';
    if (source.includes('%lang')) {
      const named = Array.from(headLines(source), line => /^%lang\s+(\S+)/.exec(line)?.[1]);
      const last = named.filter(name => name !== undefined).at(-1);
      if (last !== undefined) {
        return last.toLowerCase();
      }
    }
  }
  const guests = languageInfo(notebook)?.guests;
  return typeof guests === 'string' ? guests.toLowerCase() : DEFAULT;
}

function* headLines(source: string): Generator<string> {
  for (const line of source.split('\n')) {
    if (line.startsWith('%') && !line.startsWith('%%')) {
      yield line;
    } else if (line.trim() !== '') {
      return;
    }
  }
}
