/** The path of `file` as seen from the folder of `notebook`; both are paths of the server. */
export function relative(file: string, notebook: string): string {
  const from = notebook.split('/').slice(0, -1);
  const to = file.split('/');
  let same = 0;
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) {
    same += 1;
  }
  return [...from.slice(same).map(() => '..'), ...to.slice(same)].join('/');
}

/**
 * The text of a cell that runs a module.
 *
 * @param path - From the notebook's folder.
 * @param loaded - Whether the notebook loads the extension already, or its kernel needs none.
 * @returns The text, or null for a name that no line of a cell can hold as it is.
 */
export function cellFor(path: string, loaded: boolean): string | null {
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(path)) {
    return null;
  }
  const stem = (path.split('/').at(-1) ?? '').replace(/\.wasm$/i, '');
  const name = /^[\w][\w.-]*$/.test(stem) ? stem : 'module';
  // A path that begins with a dash would be read as an option.
  const file = quoted(path.startsWith('-') ? `./${path}` : path);
  return [
    ...(loaded ? [] : ['%load_ext ssvm_kernel']),
    `%ssvm load ${file}${name === stem ? '' : ` --name ${name}`}`,
    `%ssvm run ${name}`
  ].join('\n');
}

function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
