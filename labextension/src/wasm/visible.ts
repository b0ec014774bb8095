// Controls, marks that turn the direction of text, what has no width, and what is no character at all.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;
const HIDDEN_IN_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Text of a module, with what does not show written as an escape, and its middle left out when it is long. */
export function visible(text: string, limit = 300): string {
  const shown = text.replace(HIDDEN, escaped);
  if (shown.length <= limit) {
    return shown;
  }
  const half = Math.floor(limit / 2);
  const left = String(shown.length - 2 * half);
  return `${shown.slice(0, half)}…(${left} characters)…${shown.slice(-half)}`;
}

/** The same for text of many lines, all of it. */
export function visibleLines(text: string): string {
  return text.replace(HIDDEN_IN_LINES, escaped);
}
