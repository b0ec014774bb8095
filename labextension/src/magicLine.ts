/** What stands above the body of a cell: which language the body is in, and where it begins. */
export interface Head {
  /** The language's name, in lower case. */
  readonly language: string;
  /** Where the first line of the head begins. */
  readonly from: number;
  /** Where its last line ends, the line break not counted. */
  readonly to: number;
}

/** Finds the head of a cell, in as much of the cell's beginning as holds it. */
export type ReadHead = (text: string) => Head | null;

// IPython drops empty lines before a magic, and the indentation of the first line, so both are allowed here as well.
const MAGIC = /^(?:[^\S\n]*\n)*[^\S\n]*(%%ssvm[^\S\n]+([a-z][\w+#-]*)(?=\s|$)[^\n]*)/i;

/**
 * Find the `%%ssvm LANG` line of a cell.
 *
 * Only the word right after `%%ssvm` counts as a language: a word after an option may be that option's value.
 *
 * @param text - The cell's text, or as much of its beginning as holds the whole magic line.
 * @returns The line, or null when this is not a cell of ours.
 */
export function readMagicLine(text: string): Head | null {
  const match = MAGIC.exec(text);
  if (match?.[1] === undefined || match[2] === undefined || !match[1].startsWith('%%ssvm')) {
    return null;
  }
  const to = match[0].length;
  return { language: match[2].toLowerCase(), from: to - match[1].length, to };
}
