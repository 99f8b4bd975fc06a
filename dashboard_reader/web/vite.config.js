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
    chunkSizeWarningLimit: 1000,
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});
