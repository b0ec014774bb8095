import { Language, LanguageSupport } from '@codemirror/language';
import { Parser } from '@lezer/common';
import type { Input, PartialParse, TreeFragment } from '@lezer/common';

import { readMagicLine, type ReadHead } from './magicLine.js';

/** How much is read at first to find the magic line; a longer line is read in full. */
const HEAD = 256;

/**
 * A document whose magic line reads as blanks.
 *
 * Blanks keep every position where it was; when the line was left out by parse ranges, highlighting was shifted.
 */
export class BodyInput implements Input {
  constructor(
    private readonly whole: Input,
    read: ReadHead = readMagicLine
  ) {
    this.bodyFrom = endOfHead(whole, read);
  }

  get length(): number {
    return this.whole.length;
  }

  get lineChunks(): boolean {
    return this.whole.lineChunks;
  }

  chunk(from: number): string {
    return this.blank(this.whole.chunk(from), from);
  }

  read(from: number, to: number): string {
    return this.blank(this.whole.read(from, to), from);
  }

  private blank(text: string, from: number): string {
    const covered = Math.min(text.length, this.bodyFrom - from);
    return covered > 0 ? text.slice(0, covered).replace(/[^\n]/g, ' ') + text.slice(covered) : text;
  }

  private readonly bodyFrom: number;
}

function endOfHead(input: Input, read: ReadHead): number {
  for (let size = HEAD; ; size *= 2) {
    const head = read(input.read(0, Math.min(size, input.length)));
    if (head === null) {
      return 0;
    }
    if (head.to < size || size >= input.length) {
      return head.to;
    }
  }
}

/** A parser of a language, which does not see the magic line. */
export class BodyParser extends Parser {
  constructor(
    private readonly inner: Parser,
    private readonly read: ReadHead = readMagicLine
  ) {
    super();
  }

  override createParse(
    input: Input,
    fragments: readonly TreeFragment[],
    ranges: readonly { from: number; to: number }[]
  ): PartialParse {
    return this.inner.createParse(new BodyInput(input, this.read), fragments, ranges);
  }
}

const made = new WeakMap<ReadHead, WeakMap<LanguageSupport, LanguageSupport>>();

/**
 * The same language, with a parser that does not see the magic line.
 *
 * It shares the language's data, so comments, brackets and completion are those of the language.
 *
 * @param support - A language as JupyterLab's registry gives it.
 * @param read - Finds the lines that the parser does not see.
 * @returns One and the same object for the same arguments: an editor must not see a new language each time.
 */
export function bodyLanguage(
  support: LanguageSupport,
  read: ReadHead = readMagicLine
): LanguageSupport {
  let known = made.get(read);
  if (known === undefined) {
    known = new WeakMap();
    made.set(read, known);
  }
  let body = known.get(support);
  if (body === undefined) {
    const { data, name, parser } = support.language;
    body = new LanguageSupport(
      new Language(data, new BodyParser(parser, read), [], name),
      support.support
    );
    known.set(support, body);
  }
  return body;
}
