'use strict';
// Loaded with --require into cdktf-cli where gw runs it. Every command of cdktf-cli loads the converter from HCL, and
// with it TypeScript, jsii-rosetta and prettier: half of the processor time of a small `cdktf deploy`, which converts
// nothing. Here the converter is loaded when one of its functions is called. What Node compiles is cached in the checkout.
const fs = require('fs');
const Module = require('module');
const path = require('path');

const CONVERTER = '@cdktf/hcl2cdk';
// TypeScript lists what a module exports on one line before it defines anything.
const EXPORTS = /^(?:exports\.\w+ = )+void 0;$/m;

Module.enableCompileCache(path.resolve(__dirname, '../../.groundwork/node-compile-cache'));
const load = Module._load;
Module._load = function (request, parent, isMain) {
  if (request !== CONVERTER) return load.call(this, request, parent, isMain);
  const exported = EXPORTS.exec(fs.readFileSync(Module._resolveFilename(request, parent), 'utf8'));
  // A version with another layout is loaded at once, as without this file.
  if (!exported) return load.call(this, request, parent, isMain);
  const lazy = Object.defineProperty({}, '__esModule', { value: true });
  for (const [, name] of exported[0].matchAll(/exports\.(\w+)/g)) {
    Object.defineProperty(lazy, name, { enumerable: true, get: () => load.call(Module, request, parent, false)[name] });
  }
  return lazy;
};
