/// <reference types="vite/client" />

/** The package's version; Vite puts it in. */
declare const __VERSION__: string;
