import { z } from 'zod';

// The content security policy forbids making code from text, which zod would otherwise try when the first schema is
// made; so this file comes before all that make schemas.
z.config({ jitless: true });
