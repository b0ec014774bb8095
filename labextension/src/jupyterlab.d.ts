/*
 * The few names of JupyterLab that are used here.
 *
 * JupyterLab supplies these packages at run time.  Their real declarations would bring some 300 packages to every
 * build, for a dozen lines that have not changed since JupyterLab 4.0.
 */

declare module '@jupyterlab/application' {
  export interface JupyterFrontEnd {
    readonly name: string;
  }

  export interface JupyterFrontEndPlugin<T> {
    id: string;
    description?: string;
    autoStart?: boolean;
    requires?: readonly unknown[];
    optional?: readonly unknown[];
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- services are passed by token, in `requires` order
    activate(app: JupyterFrontEnd, ...services: any[]): T;
  }
}

declare module '@jupyterlab/codemirror' {
  import type { LanguageSupport } from '@codemirror/language';
  import type { Extension } from '@codemirror/state';

  export interface IConfigurableExtension<T> {
    instance(value: T): Extension;
    reconfigure(value: T): unknown;
  }

  export interface IEditorExtensionFactory<T> {
    readonly name: string;
    readonly default?: T;
    readonly schema?: Readonly<Record<string, unknown>>;
    readonly factory: (options: {
      readonly inline: boolean;
      readonly model: { readonly mimeType: string };
    }) => IConfigurableExtension<T>;
  }

  export interface IEditorExtensionRegistry {
    addExtension<T>(factory: IEditorExtensionFactory<T>): void;
  }
  export const IEditorExtensionRegistry: unknown;

  export const EditorExtensionRegistry: {
    createConditionalExtension(extension: Extension): IConfigurableExtension<boolean>;
  };

  export interface IEditorLanguageRegistry {
    getLanguage(mimeType: string): Promise<{ readonly support?: LanguageSupport } | null>;
  }
  export const IEditorLanguageRegistry: unknown;
}
