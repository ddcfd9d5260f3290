/** Where the page begins: language, styles, the one-time link, then the app. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import './styles/base.css';
import './styles/shell.css';
import './styles/village.css';
import './styles/alerts.css';
import './styles/camera.css';
import './styles/reel.css';
import './styles/map.css';
import './styles/setup.css';
import './styles/register.css';
import { linkSecret } from './session/one-time-link.js';
import { startText } from './text/i18n.js';

startText();
const secret = linkSecret(location.hash);
// Out of the address bar and the history before anything else: it is good once, and nobody shall read it there.
if (secret !== undefined) history.replaceState(null, '', location.pathname + location.search);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App linkSecret={secret} />
    </StrictMode>,
  );
}
