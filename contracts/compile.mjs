// Compiles src/, or the folder behind --src, with the solc of node_modules and prints the artifacts as
// one JSON object.
import { readFileSync, readdirSync, existsSync } from "node:fs";
import { dirname, join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const solc = require("solc");
const root = dirname(fileURLToPath(import.meta.url));
const build = JSON.parse(readFileSync(join(root, "build.json"), "utf8"));

const named = process.argv.indexOf("--src");
const src = named < 0 ? join(root, "src") : resolve(process.argv[named + 1]);

function sourcesBelow(dir) {
    return readdirSync(join(src, dir), { withFileTypes: true }).flatMap((entry) => {
        const path = posix.join(dir, entry.name);
        if (entry.isDirectory()) return sourcesBelow(path);
        return entry.name.endsWith(".sol") ? [path] : [];
    });
}

// Sources are named contracts/... so that nothing depends on where the repository lies.
const sources = {};
for (const path of sourcesBelow("").sort()) {
    sources[posix.join("contracts", path)] = { content: readFileSync(join(src, path), "utf8") };
}

const input = {
    language: "Solidity",
    sources,
    settings: {
        ...build.settings,
        outputSelection: {
            "*": {
                "*": [
                    "abi",
                    "storageLayout",
                    "evm.bytecode.object",
                    "evm.bytecode.linkReferences",
                    "evm.deployedBytecode.object",
                ],
            },
        },
    },
};

function findImport(path) {
    const file = join(root, "node_modules", path);
    return existsSync(file) ? { contents: readFileSync(file, "utf8") } : { error: `${path}: not found` };
}

const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
const errors = (output.errors ?? []).filter((e) => e.severity === "error");
if (errors.length > 0) {
    for (const e of errors) process.stderr.write(e.formattedMessage + "\n");
    process.exit(1);
}
if (process.argv.includes("--warnings")) {
    for (const e of output.errors ?? []) process.stderr.write(e.formattedMessage + "\n");
}

/** Drops what names compiler-internal node numbers: they change with unrelated sources. */
function layout(storageLayout) {
    const label = (id) => storageLayout.types[id]?.label ?? id;
    return storageLayout.storage.map((s) => ({
        label: s.label,
        slot: s.slot,
        offset: s.offset,
        type: label(s.type),
    }));
}

const artifacts = {};
for (const name of build.contracts) {
    const [file, contract] = name.split(":");
    const out = output.contracts[`contracts/${file}`]?.[contract];
    if (!out) {
        process.stderr.write(`${name}: no such contract in the sources\n`);
        process.exit(1);
    }
    artifacts[contract] = {
        contractName: contract,
        sourceName: `contracts/${file}`,
        abi: out.abi,
        bytecode: out.evm.bytecode.object,
        deployedBytecode: out.evm.deployedBytecode.object,
        linkReferences: out.evm.bytecode.linkReferences,
        storageLayout: layout(out.storageLayout),
    };
}
process.stdout.write(JSON.stringify({ compiler: solc.version(), artifacts }));
