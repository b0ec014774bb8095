// Style sheets are the bundler's: import this file before a dynamic import of what has one.
import { register } from 'node:module';

const hooks = `export const resolve = (name, context, next) =>
  name.endsWith('.css') ? { url: 'data:text/javascript,', shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

/** Words as they are, for whoever wants a translation. */
export const untranslated = {
  __: (text: string, ...args: unknown[]): string => filled(text, args),
  _n: (one: string, many: string, count: number): string =>
    filled(count === 1 ? one : many, [count])
};

function filled(text: string, args: readonly unknown[]): string {
  return text.replace(/%(\d)/g, (_, number) => String(args[Number(number) - 1]));
}
