/** Make a node; text of guests goes in as text, never as markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (className !== '') {
    node.className = className;
  }
  node.append(...children);
  return node;
}

/** A button that does something when a person, not a script, presses it. */
export function button(label: string, className: string, act: () => void): HTMLButtonElement {
  const node = make('button', className, label);
  node.type = 'button';
  node.addEventListener('click', event => {
    if (event.isTrusted) {
      act();
    }
  });
  return node;
}

/** A command as it would be typed: an argument with a space in it is not two. */
export function commandLine(argv: readonly string[]): string {
  return argv
    .map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`))
    .join(' ');
}

/** A size in bytes, for people. */
export function size(bytes: number): string {
  if (bytes < 1000) {
    return `${String(bytes)} B`;
  }
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A time in seconds, for people. */
export function duration(seconds: number): string {
  if (seconds < 1) {
    return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0)} ms`;
  }
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${String(Math.floor(seconds / 60))} min`;
}
