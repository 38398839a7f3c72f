/** Floor 0. One file of the config: bytes to values with their places, in blocks where it is long and plain, else whole. */
import { type Alias, isMap, type Node } from 'yaml';
import type { HostName } from '../names.ts';
import { type ConfigValues, domainsReader } from './config-shape.ts';
import { makeFault } from './fault.ts';
import type { ConfigFault } from './model.ts';
import { kindOf, type ReadContext, Reading, type YamlNode } from './reading.ts';
import type { Reader } from './readers.ts';
import type { Entry } from './readers-composed.ts';
import type { DomainValues } from './shape-domain.ts';
import { type ConfigFile, decodeUtf8, SourceText } from './source-text.ts';
import { cutBlocks, type CutText, type TextBlock } from './yaml-blocks.ts';
import { parseYaml, type TextFault } from './yaml-document.ts';

export type DomainEntry = Entry<HostName, DomainValues>;

export interface FileContent {
  readonly source: SourceText;
  /** Null: the file is no YAML map, so nothing is known of what it may say. */
  readonly values: ConfigValues | null;
  readonly domains: readonly DomainEntry[];
  readonly faults: readonly ConfigFault[];
}

const NO_ALIASES: ReadonlyMap<Alias, Node> = new Map();

/** Reads one file. `blockSize` is for tests: how many domains a block has. */
export function readFile(
  { file, directory, text }: ConfigFile,
  reader: Reader<ConfigValues>,
  context: ReadContext,
  blockSize?: number,
): FileContent {
  const decoded = decodeUtf8(text);
  const source = new SourceText(file, directory, decoded.text);
  if (!decoded.isGood) {
    return refused(source, [
      {
        offset: decoded.text.length,
        code: 'NOT_UTF8',
        message: 'the file is not UTF-8 from here on',
        hint: 'save it as UTF-8',
      },
    ]);
  }
  const cut = cutBlocks(source.text, blockSize);
  return (cut === null ? null : readCut(source, cut, reader, context)) ?? readWhole(source, reader, context);
}

function readWhole(source: SourceText, reader: Reader<ConfigValues>, context: ReadContext): FileContent {
  const yaml = parseYaml(source.text);
  if (!yaml.ok) return refused(source, yaml.faults);
  const faults: ConfigFault[] = [];
  const reading = new Reading(source, context, faults, yaml.aliases, (offset) => offset);
  const values = reader.read(yaml.map, source.file, reading) ?? {};
  return { source, values, domains: values.domains?.value ?? [], faults };
}

/** Null when anything in the frame or a block is not plain: then the whole file has to say what it is. */
function readCut(
  source: SourceText,
  cut: CutText,
  reader: Reader<ConfigValues>,
  context: ReadContext,
): FileContent | null {
  const frame = parseYaml(cut.frame);
  if (!frame.ok || frame.aliases.size > 0) return null;
  const faults: ConfigFault[] = [];
  const toFile = (offset: number): number => (offset < cut.cutOffset ? offset : offset + cut.cutLength);
  const reading = new Reading(source, context, faults, NO_ALIASES, toFile);
  const keys = [...reading.pairs(frame.map)].filter(({ key }) => key === 'domains');
  if (keys.length !== 1 || !keys.every(({ keyNode, value }) => isEmptyAt(keyNode, value, cut.keyOffset))) return null;
  const domains: DomainEntry[] = [];
  for (const block of cut.blocks) {
    const entries = readBlock(source, block, context, faults);
    if (entries === null) return null;
    for (const entry of entries) domains.push(entry);
  }
  return { source, values: reader.read(frame.map, source.file, reading) ?? {}, domains, faults };
}

/** The key stands where the cutter saw it, with nothing after it: it was no line inside a text. */
function isEmptyAt(keyNode: YamlNode, value: YamlNode, offset: number): boolean {
  return keyNode?.range?.[0] === offset && kindOf(value) === 'nothing';
}

function readBlock(
  source: SourceText,
  block: TextBlock,
  context: ReadContext,
  faults: ConfigFault[],
): readonly DomainEntry[] | null {
  const yaml = parseYaml(block.text);
  if (!yaml.ok || yaml.aliases.size > 0 || !isMap(yaml.map) || yaml.map.flow === true) return null;
  const reading = new Reading(source, context, faults, NO_ALIASES, (offset) => offset + block.offset);
  return domainsReader.readEntries(yaml.map, reading);
}

function refused(source: SourceText, faults: readonly TextFault[]): FileContent {
  return {
    source,
    values: null,
    domains: [],
    faults: faults.map(({ offset, code, message, hint }) => makeFault(source.placeAt(offset), code, message, hint)),
  };
}
