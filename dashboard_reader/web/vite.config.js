// How the page is built: relative addresses, so that it works under any path of a server, and no
// inline script or style, so that it works under a strict Content-Security-Policy. The output
// folder is `--outDir DIR`, else RINGSIDE_WEB_OUT, else `dist`.
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  build: {
    outDir: process.env.RINGSIDE_WEB_OUT ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // It compiles a Snappy in WebAssembly wherever it is loaded, which the policy forbids, and
    // which nobody needs here: hyparquet has one of its own.
    rollupOptions: {
      treeshake: { moduleSideEffects: (id) => !id.includes('/hyparquet-compressors/') },
    },
    chunkSizeWarningLimit: 1000,
  },
  // The tests read the files of the feeder's tests.
  server: { fs: { allow: ['.', '../../tests/feed'] } },
  test: {
    include: ['src/**/*.test.{ts,js}'],
    // For a busy machine; the tests that know a time turn the clock themselves.
    testTimeout: 60_000,
    environment: 'node',
  },
});
