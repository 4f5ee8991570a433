// A module of the page, bundled for Node.
import { webcrypto } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

globalThis.crypto ??= webcrypto; // Node 18 has it, but not by that name

export async function load(name, plugins = []) {
    const { outputFiles } = await build({
        entryPoints: [fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url))],
        bundle: true,
        format: 'esm',
        write: false,
        plugins,
    });
    const script = Buffer.from(outputFiles[0].contents).toString('base64');
    return import(`data:text/javascript;base64,${script}`);
}
