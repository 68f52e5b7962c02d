'use strict';
// Loaded with --require into the jsii kernel, and only there (jsii_process.py). It does four things, and leaves a file
// untouched that has another layout than expected:
//   1. lib/index.js of a prebuilt provider: `exports.x = require('./x')` for 2,000 resources becomes a getter each.
//   2. jsii's runtime: run in one process instead of a parent that passes every message on to a child.
//   3. The index of types that jsii builds in the background for the next run: the kernel ends after it is written;
//      a run of half a second would otherwise end before that, and every run would parse 120 MB again.
//   4. Node's own cache of compiled JavaScript (module.enableCompileCache), beside jsii's cache of packages.
const fs = require('fs');
const Module = require('module');
const os = require('os');
const path = require('path');
const threads = require('worker_threads');

const PROVIDER_INDEX = /[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?provider-[^\\/]+[\\/]lib[\\/]index\.js$/;
const NAMESPACE = /^exports\.(\w+) = ((?:__importStar\()?require\("\.\/[^"]+"\)\)?);$/;
const ALREADY_LAZY = /^Object\.defineProperty\(exports, "\w+", \{ enumerable: true, (?:configurable: true, )?get: function \(\) \{/m;
const API_CHANNEL = 'readFD:3,writeFD:3';

const rewrites = [
  { applies: (file) => PROVIDER_INDEX.test(file), rewrite: lazyNamespaces },
];

/** The index of a provider with every namespace loaded on first use, or undefined when it has another layout. */
function lazyNamespaces(source, file) {
  const lines = source.split('\n');
  const first = lines.findIndex((line) => NAMESPACE.test(line));
  const head = lines.slice(0, Math.max(first, 0));
  const unknown = first < 0 ? 0 : lines.findIndex((line, at) => at >= first && !NAMESPACE.test(line) && !/^\s*(\/\/.*)?$/.test(line));
  if (unknown >= 0 || head.some((line) => line.includes('require('))) {
    if (!ALREADY_LAZY.test(source)) {
      process.stderr.write(`StockSynthesisWarning: ${file} has another layout (line ${Math.max(unknown, 0) + 1}): the provider is loaded in full\n`);
    }
    return undefined;
  }
  return lines.map((line) => line.replace(NAMESPACE, (_, name, load) =>
    `Object.defineProperty(exports, "${name}", { enumerable: true, configurable: true, get() { ` +
    `const value = ${load}; Object.defineProperty(exports, "${name}", { enumerable: true, writable: true, configurable: true, value }); return value; } });`
  )).join('\n');
}

/** jsii's entry file: loads its program here instead of in a child process. */
function oneProcess(entry) {
  const program = path.resolve(path.dirname(entry), '..', 'lib', 'program.js');
  rewrites.push({
    applies: (file) => file === program,
    // `__dirname` would be that of the name in the cache of compiled code (stableName).
    rewrite: (source) => source.replace(API_CHANNEL, 'readFD:0,writeFD:1').replaceAll('__dirname', 'module.path'),
  });
  // jsii links packages from its cache only if this argument is given; the flag itself is set by NODE_OPTIONS.
  process.execArgv.push('--preserve-symlinks');
  // The parent would have wrapped what the program prints; now standard output is the API channel itself.
  for (const name of ['stdout', 'stderr']) {
    const { Writable } = require('stream');
    const stream = new Writable({
      decodeStrings: true,
      write(chunk, _encoding, done) {
        fs.writeSync(2, `${JSON.stringify({ [name]: chunk.toString('base64') })}\n`);
        done();
      },
    });
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
  }
  return "require(require('path').resolve(module.path, '..', 'lib', 'program.js'));";
}

function runsInOneProcess(entry) {
  if (!entry || path.basename(entry) !== 'jsii-runtime.js' || process.env.JSII_DEBUG || process.env.JSII_DEBUG_TIMING) return false;
  try {
    const program = fs.readFileSync(path.resolve(path.dirname(entry), '..', 'lib', 'program.js'), 'utf8');
    return program.split(API_CHANNEL).length === 2;
  } catch {
    return false;
  }
}

const LINKED_PACKAGE = /^.*?[\\/]jsii-kernel-[^\\/]+[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/;
const packages = new Map();

/**
 * The name under which Node caches a compiled file. Every kernel links its packages into a folder of its own and
 * unpacks jsii into another, so under their paths no kernel would find what the last one compiled.
 */
function stableName(file, runtime) {
  if (runtime.includes(file)) return path.join(path.sep, 'jsii-runtime', path.basename(file));
  const link = LINKED_PACKAGE.exec(file)?.[0];
  if (!link) return file;
  if (!packages.has(link)) packages.set(link, fs.realpathSync(link));
  return packages.get(link) + file.slice(link.length);
}

/** Only who may write jsii's cache of packages, which runs as well, may write what is compiled from it. */
function cacheCompiled() {
  const unpacked = process.env.JSII_RUNTIME_PACKAGE_CACHE_ROOT || path.join(os.homedir(), '.cache', 'aws', 'jsii', 'package-cache');
  Module.enableCompileCache?.(`${unpacked}-compiled`);
}

/** Lets the program end only after the workers that build jsii's index have. */
function waitForIndex() {
  const building = new Set();
  const Worker = threads.Worker;
  threads.Worker = class extends Worker {
    constructor(file, options) {
      super(file, options);
      if (path.basename(String(file)) !== 'runtime-index-worker.js') return;
      const ended = new Promise((resolve) => this.once('exit', resolve));
      building.add(ended);
      ended.then(() => building.delete(ended));
    }
  };
  const exit = process.exit;
  process.exit = function (code) {
    if (building.size === 0) return exit.call(process, code);
    return void Promise.all(building).then(() => exit.call(process, code));
  };
}

if (threads.isMainThread) {
  const entry = process.argv[1] && path.resolve(process.argv[1]);
  const runtime = [];
  if (runsInOneProcess(entry)) {
    runtime.push(entry, path.resolve(path.dirname(entry), '..', 'lib', 'program.js'));
    cacheCompiled();
    rewrites.push({ applies: (file) => file === entry, rewrite: () => oneProcess(entry) });
  }
  waitForIndex();
  // cdktf's libraries call deprecated functions of Node, which authors of stacks cannot change.
  if (!process.traceDeprecation && !process.throwDeprecation) process.noDeprecation = true;
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (source, file, ...rest) {
    const rule = rewrites.find(({ applies }) => applies(file));
    const rewritten = rule && typeof source === 'string' ? rule.rewrite(source, file) : undefined;
    return compile.call(this, rewritten === undefined ? source : rewritten, stableName(file, runtime), ...rest);
  };
}
