// node unpack.cjs HOME: unpacks the Chromium that npm put into HOME/node_modules to HOME/chromium.
// Only what is in the package: the program, the few libraries a bare machine may lack, and one font.
const fs = require("node:fs");
const path = require("node:path");
const { createBrotliDecompress } = require("node:zlib");
const { pipeline } = require("node:stream/promises");

async function main(home) {
  const packed = path.join(home, "node_modules", "@sparticuz", "chromium", "bin");
  const into = path.join(home, "chromium");
  const tar = require(path.join(home, "node_modules", "tar-fs"));
  fs.mkdirSync(into, { recursive: true });
  const read = (name) => [fs.createReadStream(path.join(packed, name)), createBrotliDecompress()];
  await pipeline(...read("chromium.br"), fs.createWriteStream(path.join(into, "chromium"), { mode: 0o755 }));
  for (const name of ["al2023.tar.br", "swiftshader.tar.br", "fonts.tar.br"]) {
    await pipeline(...read(name), tar.extract(into));
  }
  // The package's own file names folders of AWS Lambda.
  fs.writeFileSync(
    path.join(into, "fonts.conf"),
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<dir>/usr/share/fonts</dir><dir>/usr/local/share/fonts</dir><dir prefix="relative">fonts</dir>
<cachedir prefix="xdg">fontconfig</cachedir>
<include ignore_missing="yes">/etc/fonts/conf.d</include>
</fontconfig>
`,
  );
}

main(process.argv[2]);
