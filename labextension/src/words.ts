import { nullTranslator, type ITranslator, type TranslationBundle } from '@jupyterlab/translation';

const DOMAIN = 'ssvm-kernel';

/** The strings of the extension in the person's language. */
export function words(translator: ITranslator | null): TranslationBundle {
  return (translator ?? nullTranslator).load(DOMAIN);
}
