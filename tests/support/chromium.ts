/** The browser that the browser tests drive. */
import { chromium } from '@playwright/test';
import { canInstallPackages, findOnPath, installPackages, isExecutable, MissingProgram } from './programs.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * Chromium, and fonts for the scripts that the tests show: Latin, Arabic, Hebrew, Hindi and some hundred more from Noto,
 * Chinese, Japanese and Korean from WenQuanYi (7 MB, where Noto's are 57). Some 130 MB to download in all; on two cores
 * with a fast network it takes 15 to 30 seconds.
 */
const PACKAGES = ['chromium', 'fonts-noto-core', 'fonts-wqy-zenhei'];

/**
 * The path of a Chromium: CHROMIUM_PATH, else one on PATH, else the one that Playwright has downloaded, else installed
 * from Debian's packages if we are root. Throws `MissingProgram`.
 */
export async function provideChromium(): Promise<string> {
  const given = process.env.CHROMIUM_PATH;
  if (given) {
    if (await isExecutable(given)) return given;
    throw new MissingProgram('Chromium', `set CHROMIUM_PATH to an executable file, which ${given} is not`);
  }

  const found = (await findOnPath(NAMES)) ?? (await downloadedChromium());
  if (found) return found;

  let remedy = 'install Chromium or Chrome and set CHROMIUM_PATH to it, or run as root on Debian';
  if (await canInstallPackages()) {
    try {
      await installPackages(PACKAGES);
      const installed = await findOnPath(NAMES);
      if (installed) return installed;
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error);
      remedy = `set CHROMIUM_PATH to a Chromium, since "apt-get install chromium" failed (${complaint})`;
    }
  }
  throw new MissingProgram('Chromium', remedy);
}

/** Where `npx playwright install chromium` puts it. */
async function downloadedChromium(): Promise<string | null> {
  const path = chromium.executablePath();
  return (await isExecutable(path)) ? path : null;
}
