/** The magic line of a cell: which language its body is in, and where that body begins. */
export interface MagicLine {
  /** The name after `%%ssvm`, in lower case. */
  readonly language: string;
  /** Where the magic line begins. */
  readonly from: number;
  /** Where the magic line ends, its line break not counted. */
  readonly to: number;
}

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
export function readMagicLine(text: string): MagicLine | null {
  const match = MAGIC.exec(text);
  if (match?.[1] === undefined || match[2] === undefined || !match[1].startsWith('%%ssvm')) {
    return null;
  }
  const to = match[0].length;
  return { language: match[2].toLowerCase(), from: to - match[1].length, to };
}
