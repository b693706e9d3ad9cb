#!/bin/sh
# 44 % of the credential patterns that a widely used catalogue of integrations publishes do nothing
# when they are put where such patterns go: into the `pattern` attribute of an HTML input.
#
# Package: @nangohq/providers 0.71.10 (npm), a catalogue of 1,013 services whose API keys, subdomains
# and the like carry a `pattern` and often an `example`. It is read with js-yaml 4.3.2, which it pins.
# Since 2023 the HTML standard compiles `pattern` with the flag `v`, and a pattern that does not
# compile is ignored, with a line in the console alone: the field then takes anything. Under `v` a
# hyphen or slash at a place of its own in a class, as in [a-z0-9-], is a syntax error; without a flag
# (all but one) and with `u` (all but three) the same patterns compile. Chromium behaves as said here.
# And of the fields with a pattern and an example, every third example is refused by its own pattern,
# mostly because the example is a placeholder.
#
# Seen on 2026-11-28 with Node.js 20.20.2:
#   patterns 490, not compiled without flag 1, with u 3, with v 215
#   fields with an example 457, example refused by its own pattern 156
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @nangohq/providers@0.71.10 js-yaml@4.3.2
cat >count.mjs <<'EOF'
import fs from 'node:fs';
import yaml from 'js-yaml';

const file = 'node_modules/@nangohq/providers/providers.yaml';
const providers = Object.values(yaml.load(fs.readFileSync(file, 'utf8')));
const settings = providers
  .flatMap((one) => [one.credentials, one.connection_config])
  .flatMap((group) => Object.values(group ?? {}))
  .filter((setting) => typeof setting.pattern === 'string');

// As the HTML standard does it: the whole value, in a group of its own.
const compiled = (setting, flags) => {
  try {
    return new RegExp(`^(?:${setting.pattern})$`, flags);
  } catch {
    return null;
  }
};
const lost = (flags) => settings.filter((one) => !compiled(one, flags)).length;
const shown = settings.filter((one) => one.example !== undefined && compiled(one, ''));
const refused = shown.filter((one) => !compiled(one, '').test(String(one.example)));

console.log(`patterns ${settings.length}, not compiled without flag ${lost('')}, with u ${lost('u')}, with v ${lost('v')}`);
console.log(`fields with an example ${shown.length}, example refused by its own pattern ${refused.length}`);
EOF
node count.mjs >seen
cat seen
cat >expected <<'EOF'
patterns 490, not compiled without flag 1, with u 3, with v 215
fields with an example 457, example refused by its own pattern 156
EOF
cmp seen expected
