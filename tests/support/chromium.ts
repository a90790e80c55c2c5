/** The browser that the browser tests drive. */
import { chromium } from '@playwright/test';
import { canInstallPackages, findOnPath, installPackages, isExecutable, MissingProgram } from './programs.ts';

/** First the one without windows, which takes a fifth less time. */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];

/** Debian's package of it, and what there is where that is not known. */
const BROWSERS = ['chromium-headless-shell', 'chromium'];

/**
 * Fonts for the scripts that the tests show: Latin, Arabic, Hebrew, Hindi and some hundred more from Noto, Chinese, Japanese
 * and Korean from WenQuanYi (7 MB, where Noto's are 57).
 */
const FONTS = ['fonts-noto-core', 'fonts-wqy-zenhei'];

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
    for (const browser of BROWSERS)
      try {
        await installPackages([browser, ...FONTS]);
        const installed = await findOnPath(NAMES);
        if (installed) return installed;
      } catch (error) {
        const complaint = error instanceof Error ? error.message : String(error);
        remedy = `set CHROMIUM_PATH to a Chromium, since "apt-get install ${browser}" failed (${complaint})`;
      }
  }
  throw new MissingProgram('Chromium', remedy);
}

/** Where `npx playwright install chromium` puts it. */
async function downloadedChromium(): Promise<string | null> {
  const path = chromium.executablePath();
  return (await isExecutable(path)) ? path : null;
}
