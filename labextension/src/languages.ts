/**
 * MIME types, as JupyterLab's language registry knows them, of the languages that a cell may be in.
 *
 * JupyterLab ships no mode for Zig; Rust's is close enough in comments, strings, numbers and braces.
 */
const MIME_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'text/webassembly': ['wat', 'wast'],
    'text/x-c++src': ['c++', 'cpp', 'cxx'],
    'text/x-csrc': ['c'],
    'text/x-go': ['go', 'golang', 'tinygo'],
    'text/x-rustsrc': ['rust', 'rs', 'zig'],
    'application/typescript': ['assemblyscript', 'as', 'typescript', 'ts'],
    'text/javascript': ['javascript', 'js'],
    'text/x-python': ['python', 'py', 'micropython']
  }).flatMap(([mimeType, names]) => names.map(name => [name, mimeType] as const))
);

/**
 * The MIME type of a language by the name used after `%%ssvm`.
 *
 * @param language - Name in lower case.
 * @returns The MIME type, or undefined for a language that JupyterLab has no mode for.
 */
export function mimeTypeOf(language: string): string | undefined {
  return MIME_TYPES.get(language);
}
