// What the lab needs before it can start, tools and images, built side by side.
import { join } from 'node:path';
import { goBuild } from './go-build.ts';
import { archiveFolder, hasArchive } from './images/images.ts';
import type { ImageRecipe } from './images/images.ts';
import type { LabPaths } from './paths.ts';
import { buildsAtOnce, sideBySide } from './side-by-side.ts';
import type { Job, Part } from './side-by-side.ts';
import { buildBinaries, toolCache, unbuilt } from './tools/build.ts';
import type { Progress } from './tools/build.ts';
import { lookUp } from './tools/look-up.ts';
import type { Tool } from './tools/tools.ts';

/** Builds the tools and images that are missing. Answers what each part took; empty when nothing was missing. */
export async function provide(lab: LabPaths, wanted: Tool[], recipes: ImageRecipe[], progress: Progress): Promise<Part[]> {
  const jobs = wanted.flatMap((tool) => toolJob(tool, progress));
  const images = recipes.filter((recipe) => !hasArchive(lab, recipe));
  if (images.length > 0) jobs.push(imagesJob(lab, images, progress));
  if (jobs.length === 0) return [];
  const [module] = wanted;
  const library = module === undefined || jobs.length === 1 ? [] : await sideBySide([standardLibraryJob(module)], 1);
  return [...library, ...(await sideBySide(jobs, buildsAtOnce()))];
}

/** The job that builds what a tool lacks: none when the user brought its binaries, or they are cached. One line says which are used. */
function toolJob(tool: Tool, progress: Progress): Job[] {
  const title = `tool  ${tool.name} ${tool.version}`;
  const needed = tool.binaries.filter((binary) => {
    const brought = lookUp(tool, binary, process.env);
    if (brought) progress(`tool  ${binary.name} ${brought.version ?? 'of unknown version'}  ${brought.path}, from ${brought.from}`);
    return !brought;
  });
  if (needed.length === 0) return [];
  const missing = unbuilt(tool, needed);
  if (missing.length > 0)
    return [
      {
        name: `${tool.name} ${tool.version}`,
        cpuSeconds: tool.buildCpuSeconds,
        work: (stop) => buildBinaries(tool, missing, progress, stop),
      },
    ];
  progress(`${title}  cached`);
  return [];
}

/** Two images of the shop are linked from the same packages, so one after the other compiles them once. */
const IMAGES_CPU_SECONDS = 80;

function imagesJob(lab: LabPaths, recipes: ImageRecipe[], progress: Progress): Job {
  return {
    name: 'images',
    cpuSeconds: IMAGES_CPU_SECONDS,
    async work(stop) {
      const began = Date.now();
      let cpuSeconds = 0;
      for (const recipe of recipes) cpuSeconds += (await archiveFolder(lab, recipe, stop)).cpuSeconds;
      progress(`image ${recipes.map(({ reference }) => reference).join(', ')}  built in ${Math.round((Date.now() - began) / 1000)} s`);
      return cpuSeconds;
    },
  };
}

/** The top packages of what at least four of five tools import of the standard library: 214 packages. */
const SHARED_PACKAGES = [
  'compress/zlib',
  'database/sql',
  'encoding/csv',
  'encoding/xml',
  'expvar',
  'flag',
  'go/ast',
  'html/template',
  'log/slog',
  'net/http/httputil',
  'net/http/pprof',
  'os/user',
];

/** Compiled first and alone: two builds that start together would both compile it. */
function standardLibraryJob(tool: Tool): Job {
  return {
    name: 'standard library of Go',
    cpuSeconds: 0,
    work: (stop) =>
      goBuild({
        title: 'the standard library',
        module: join(import.meta.dirname, 'tools', tool.name),
        packages: SHARED_PACKAGES,
        log: join(toolCache(process.env), 'standard-library.log'),
        stop,
      }),
  };
}
