/* The status page. It shows GET api/tunnels every two seconds. Texts from the server are inserted with textContent only. */
'use strict';
(() => {
  const PERIOD = 2000; // ms
  const TIMEOUT = 8000; // ms, for one answer
  const SAMPLES = 91; // three minutes
  const TOKEN = 'relay-admin-token';
  const REASONS = {
    tunnels: 'Server has reached its limit of tunnels',
    tunnels_of_address: 'Address has reached its limit of tunnels',
    tunnels_of_name: 'Name has reached its limit of tunnels',
    connections: 'Tunnel has reached its limit of connections',
    endpoints: 'Tunnel has reached its limit of endpoints',
    pending: 'Dropped for newer clients before it had answered',
    tls: 'TLS handshake failed',
    request: 'Invalid request',
    identity: 'Name not proved',
    draining: 'Server is shutting down',
    no_port: 'No public port is free',
    port_unavailable: 'Public port in use or not allowed',
    lease_unknown: 'Lease unknown or expired',
    failure: 'Failure of the server, see its log',
    visitors: 'Server has reached its limit of visitors',
    visitors_of_tunnel: 'Tunnel has reached its limit of visitors',
    client_address: 'Client address not allowed',
    visitor_address: 'Visitor address not allowed',
    visitors_of_address: 'Address has reached its limit of visitors',
    visitor_rate: 'Too many new visitors per second',
    idle: 'Visitor was idle',
    withdrawn: 'Endpoint withdrawn by its client',
    proxy_header: 'Load balancer sent no usable header',
  };

  const byId = (id) => document.getElementById(id);
  const number = new Intl.NumberFormat('en');
  let token = sessionStorage.getItem(TOKEN) || '';
  let last = null; // the latest answer
  let history = []; // {at (s), visitors, in, out (bytes/s), refusals (per minute)}
  let lostSince = null;
  let timer = 0;
  let generation = 0; // of the request under way, so that a late answer of an earlier one is ignored

  // ---- texts

  function bytes(count) {
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
    let unit = 0;
    while (count >= 1024 && unit < units.length - 1) {
      count /= 1024;
      unit++;
    }
    return (unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)) + ' ' + units[unit];
  }

  function plural(count, one, many) {
    return number.format(count) + ' ' + (count === 1 ? one : many);
  }

  function age(seconds) {
    if (!(seconds >= 0)) return '';
    if (seconds < 60) return Math.floor(seconds) + ' s';
    if (seconds < 3600) return Math.floor(seconds / 60) + ' min';
    if (seconds < 86400) return Math.floor(seconds / 3600) + ' h ' + Math.floor((seconds % 3600) / 60) + ' min';
    return Math.floor(seconds / 86400) + ' d ' + Math.floor((seconds % 86400) / 3600) + ' h';
  }

  const secondsOf = (time) => Date.parse(time) / 1000;

  function text(target, value) {
    const node = typeof target === 'string' ? byId(target) : target;
    const wanted = String(value);
    if (node.textContent !== wanted) node.textContent = wanted;
  }

  function element(name, className, content) {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (content !== undefined) node.textContent = content;
    return node;
  }

  function endpointText(endpoint) {
    if (endpoint.kind === 'host') return String(endpoint.host);
    if (endpoint.endpoint !== undefined) return endpoint.endpoint;
    const port = endpoint.kind + '/' + endpoint.port;
    return endpoint.host === undefined ? port : endpoint.host + ':' + endpoint.port;
  }

  // ---- rates: the difference of two answers

  function keyOf(tunnel) {
    return String(tunnel.number !== undefined ? tunnel.number : tunnel.id);
  }

  function sumOf(refusals) {
    return Object.values(refusals || {}).reduce((sum, count) => sum + count, 0);
  }

  function totalsOf(answer) {
    if (answer.totals) return answer.totals;
    const totals = { openTunnels: 0, openVisitors: 0, visitors: 0, bytesIn: 0, bytesOut: 0 };
    for (const tunnel of answer.tunnels) {
      if (tunnel.state === 'up') totals.openTunnels++;
      for (const name of ['openVisitors', 'visitors', 'bytesIn', 'bytesOut']) totals[name] += tunnel[name];
    }
    return totals;
  }

  /** Adds rates to an answer and its tunnels. Another process, or another clock, begins a new history. */
  function measure(answer) {
    const before = last && last.since === answer.since && last.role === answer.role ? last : null;
    const seconds = before ? secondsOf(answer.time) - secondsOf(before.time) : 0;
    const rate = (now, then) => (seconds > 0 && then !== undefined ? Math.max(0, (now - then) / seconds) : 0);
    answer.sums = totalsOf(answer);
    const sums = before ? before.sums : {};
    const earlier = new Map((before ? before.tunnels : []).map((tunnel) => [keyOf(tunnel), tunnel]));
    for (const tunnel of answer.tunnels) {
      const same = earlier.get(keyOf(tunnel)) || {};
      tunnel.rateIn = rate(tunnel.bytesIn, same.bytesIn);
      tunnel.rateOut = rate(tunnel.bytesOut, same.bytesOut);
    }
    if (!before) history = [];
    const refused = sumOf(answer.refusals);
    history.push({
      at: secondsOf(answer.time),
      visitors: answer.sums.openVisitors,
      in: rate(answer.sums.bytesIn, sums.bytesIn),
      out: rate(answer.sums.bytesOut, sums.bytesOut),
      refusals: before ? rate(refused, sumOf(before.refusals)) * 60 : 0,
    });
    if (history.length > SAMPLES) history.splice(0, history.length - SAMPLES);
  }

  // ---- charts

  function chart(card, names, unit) {
    const svg = byId(card).querySelector('svg');
    const box = svg.viewBox.baseVal;
    const peak = Math.max(...history.flatMap((sample) => names.map((name) => sample[name])), 0);
    const x = (i) => box.width - (history.length - 1 - i) * (box.width / (SAMPLES - 1));
    const y = (value) => box.height - 1 - (peak > 0 ? (value / peak) * (box.height - 6) : 0);
    const paths = names.flatMap((name, series) => {
      const points = history.map((sample, i) => x(i).toFixed(1) + ' ' + y(sample[name]).toFixed(1));
      const line = 'M' + points.join('L');
      const area = line + 'L' + box.width + ' ' + box.height + 'L' + x(0).toFixed(1) + ' ' + box.height + 'Z';
      return [['area' + series, area], ['line' + series, line]];
    });
    for (const [name, data] of paths) {
      let path = svg.querySelector('.' + name);
      if (!path) {
        path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
        path.setAttribute('class', name);
        svg.append(path);
      }
      path.setAttribute('d', data);
    }
    text(byId(card).querySelector('.peak'), peak > 0 ? 'peak ' + unit(peak) : '');
    const time = history.length > 1 ? history[history.length - 1].at - history[0].at : 0;
    text(byId(card).querySelector('.span'), time > 0 ? 'last ' + age(Math.round(time)) : 'measuring');
  }

  // ---- tables: rows are kept and only changed where a text changes, so that a selection or the focus stays

  const rowsOf = new Map(); // tbody -> (key -> row)

  function rows(body, list, key, make, update) {
    const present = rowsOf.get(body) || new Map();
    const next = new Map();
    let place = body.firstElementChild;
    for (const item of list) {
      const id = key(item);
      const row = present.get(id) || make(item);
      next.set(id, row);
      present.delete(id);
      update(row, item);
      if (row === place) place = place.nextElementSibling;
      else body.insertBefore(row, place);
    }
    for (const row of present.values()) row.remove();
    rowsOf.set(body, next);
  }

  const STATES = { served: 'good', up: 'good', held: 'warn', closing: 'warn', down: 'bad' };
  const transferred = (tunnel) => tunnel.bytesIn + tunnel.bytesOut;
  const COLUMNS = {
    server: [
      { title: 'Name', head: true, of: (t) => t.name || 'no name', sort: (t) => (t.name || '').toLowerCase() },
      { title: 'State', className: 'tagged', tag: true, of: (t) => t.state },
      { title: 'Endpoint', className: 'text', of: (t) => t.endpoints.map((e) => endpointText(e) + (t.endpoints.length > 1 ? ' (' + number.format(e.openVisitors) + ')' : '')).join(', ') || 'none', sort: (t) => (t.endpoints[0] && t.endpoints[0].port) || 0 },
      { title: 'Client', className: 'text wide', of: (t) => t.client || '–' },
      { title: 'Visitors', className: 'num', of: (t) => number.format(t.openVisitors), sort: (t) => -t.openVisitors },
      { title: 'In', className: 'num', of: (t) => bytes(t.rateIn) + '/s', sort: (t) => -t.rateIn },
      { title: 'Out', className: 'num', of: (t) => bytes(t.rateOut) + '/s', sort: (t) => -t.rateOut },
      { title: 'Transferred', className: 'num', of: (t) => bytes(transferred(t)), sort: (t) => -transferred(t) },
      { title: 'Open for', className: 'num', of: (t, now) => age(now - secondsOf(t.since)), sort: (t) => secondsOf(t.since) },
    ],
    forwarder: [
      { title: 'Public address', head: true, of: (t) => t.endpoints.map(endpointText).join(', ') || 'none yet' },
      { title: 'State', className: 'tagged', tag: true, of: (t) => t.state },
      { title: 'Visitors', className: 'num', of: (t) => number.format(t.openVisitors) },
      { title: 'In', className: 'num', of: (t) => bytes(t.rateIn) + '/s' },
      { title: 'Out', className: 'num', of: (t) => bytes(t.rateOut) + '/s' },
      { title: 'Transferred', className: 'num', of: (t) => bytes(transferred(t)) },
      { title: 'Reconnects', className: 'num', of: (t) => number.format(t.reconnects || 0) },
      { title: 'Round trip', className: 'num', of: (t) => (t.roundTripSeconds === null || t.roundTripSeconds === undefined ? '–' : (t.roundTripSeconds * 1000).toFixed(1) + ' ms') },
    ],
  };
  let columns = [];
  let sorted = null; // a column
  let descending = false;

  function makeHead(role) {
    const wanted = COLUMNS[role] || COLUMNS.server;
    if (columns === wanted) return;
    columns = wanted;
    sorted = null;
    const cells = columns.map((column) => {
      const cell = element('th', column.className === 'num' ? 'num' : '');
      cell.scope = 'col';
      column.cell = cell;
      if (!column.sort) cell.textContent = column.title;
      else {
        const button = element('button', '', column.title);
        button.type = 'button';
        button.addEventListener('click', () => sortBy(column));
        cell.append(button);
      }
      return cell;
    });
    byId('tunnel-head').replaceChildren(...cells);
  }

  function sortBy(column) {
    descending = sorted === column && !descending;
    sorted = column;
    for (const each of columns) {
      if (each !== column) each.cell.removeAttribute('aria-sort');
      else each.cell.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    }
    showTunnels();
  }

  function makeRow() {
    const row = element('tr');
    for (const column of columns) {
      const cell = element(column.head ? 'th' : 'td', column.className || '');
      if (column.head) cell.scope = 'row';
      else cell.dataset.label = column.title;
      cell.append(element(column.tag ? 'span' : 'bdi', column.tag ? 'tag' : ''));
      if (column.head) cell.append(element('span', 'sub'));
      row.append(cell);
    }
    return row;
  }

  function updateRow(row, tunnel) {
    columns.forEach((column, i) => {
      const cell = row.children[i];
      text(cell.firstChild, column.of(tunnel, secondsOf(last.time)));
      if (column.tag) cell.firstChild.className = 'tag ' + (STATES[tunnel.state] || '');
      if (!column.head) return;
      if (last.role === 'server') cell.firstChild.className = tunnel.name ? '' : 'muted';
      text(cell.lastChild, details(tunnel));
    });
  }

  function details(tunnel) {
    const parts = [];
    if (tunnel.number !== undefined) parts.push('tunnel ' + tunnel.number);
    if (tunnel.connections > 1) parts.push(tunnel.connections + ' connections');
    if (last.role === 'forwarder' && tunnel.name) parts.push('as ' + tunnel.name);
    return parts.join(', ');
  }

  function showTunnels() {
    const filter = byId('filter').value.trim().toLowerCase();
    let list = last.tunnels;
    if (filter) {
      list = list.filter((tunnel) =>
        columns.some((column) => column.className !== 'num' && column.of(tunnel, 0).toLowerCase().includes(filter)));
    }
    if (sorted) {
      const direction = descending ? -1 : 1;
      list = [...list].sort((a, b) => {
        const left = sorted.sort(a);
        const right = sorted.sort(b);
        return direction * (left < right ? -1 : left > right ? 1 : 0);
      });
    }
    rows(byId('tunnel-rows'), list, keyOf, makeRow, updateRow);
    byId('tunnel-table').hidden = last.tunnels.length === 0;
    byId('filter-box').hidden = last.tunnels.length < 2 && !filter;
    byId('empty').hidden = last.tunnels.length > 0;
    let more = '';
    if (last.truncated) more = 'Only the first ' + number.format(last.tunnels.length) + ' tunnels are shown.';
    if (filter) more = plural(list.length, 'tunnel matches', 'tunnels match') + ' the filter. ' + more;
    text('tunnels-more', more);
  }

  // ---- the parts of the page

  function show() {
    const server = last.role === 'server';
    const sums = last.sums;
    const limits = last.limits || {};
    const now = history[history.length - 1];
    document.title = (server ? 'Relay server ' : 'Relay forwarder ') + (server ? last.address : 'to ' + last.server);
    text('role', server ? 'Relay server' : 'Relay forwarder');
    const up = 'up ' + age(secondsOf(last.time) - secondsOf(last.since));
    text('where', (server ? last.address : last.server + ' → ' + last.local) + ' · ' + up);
    byId('state').dataset.state = last.state;
    text('state', last.state);
    text('version', 'Relay ' + last.version);
    text('updated', 'Updated ' + new Date(last.time).toLocaleTimeString());
    byId('drain').hidden = last.state === 'draining';
    for (const node of document.querySelectorAll('.server')) node.hidden = !server;

    text('visitors', number.format(sums.openVisitors));
    text('visitors-note', (limits.visitors ? 'of ' + number.format(limits.visitors) + ', ' : '') + number.format(sums.visitors) + ' so far');
    text('rate', history.length > 1 ? bytes(now.in + now.out) + '/s' : '–');
    text('rate-in', bytes(now.in) + '/s');
    text('rate-out', bytes(now.out) + '/s');
    text('refusals', history.length > 1 ? number.format(Math.round(now.refusals)) : '–');
    text('refusals-note', number.format(sumOf(last.refusals)) + ' so far');
    chart('card-visitors', ['visitors'], (peak) => number.format(peak));
    chart('card-rate', ['in', 'out'], (peak) => bytes(peak) + '/s');
    chart('card-refusals', ['refusals'], (peak) => number.format(Math.round(peak)) + ' per minute');

    text('tunnels', number.format(sums.openTunnels));
    text('tunnels-note', limits.tunnels ? 'of ' + number.format(limits.tunnels) : '');
    showFacts(server, sums);
    makeHead(last.role);
    showTunnels();
    const port = server ? String(last.address).replace(/^.*:/, '') : '';
    text('empty-command', 'relay --localForwardPort=6379 ' + location.hostname + ':' + port);
    if (server) {
      showNames();
      showReasons();
    }
  }

  function showFacts(server, sums) {
    const facts = server
      ? [['Held for an absent client', sums.heldTunnels], ['Closing, with visitors that may finish', sums.closingTunnels],
        ['Connections of clients', sums.connections],
        ['Clients in a handshake', sums.pendingClients], ['Since the start', sums.tunnels]]
      : [['Visitors so far', sums.visitors], ['Reconnects', last.tunnels.reduce((sum, tunnel) => sum + (tunnel.reconnects || 0), 0)]];
    const list = byId('facts');
    if (list.children.length !== 2 * facts.length) list.replaceChildren(...facts.flatMap(([name]) => [element('dt', '', name), element('dd')]));
    facts.forEach(([, count], i) => text(list.children[2 * i + 1], number.format(count || 0)));
  }

  function showNames() {
    const named = (last.clients || []).map((client) => ({
      key: '=' + client.name, name: client.name, tunnels: client.openTunnels, visitors: client.openVisitors, bytes: transferred(client),
    }));
    const list = named.filter((item) => item.tunnels > 0);
    const without = { key: '', tunnels: last.sums.openTunnels + (last.sums.closingTunnels || 0), visitors: last.sums.openVisitors, bytes: transferred(last.sums) };
    for (const item of named) {
      for (const count of ['tunnels', 'visitors', 'bytes']) without[count] = Math.max(0, without[count] - item[count]);
    }
    if (without.tunnels > 0) list.push(without);
    list.sort((a, b) => b.bytes - a.bytes);
    list.splice(100);
    const make = (item) => {
      const row = element('tr');
      const head = element('th');
      head.scope = 'row';
      head.append(element('bdi', item.key ? '' : 'muted'));
      row.append(head, element('td', 'num'), element('td', 'num'), element('td', 'num'));
      return row;
    };
    rows(byId('name-rows'), list, (item) => item.key, make, (row, item) => {
      text(row.children[0].firstChild, item.key ? item.name : 'without a name');
      text(row.children[1], number.format(item.tunnels));
      text(row.children[2], number.format(item.visitors));
      text(row.children[3], bytes(item.bytes));
    });
    byId('name-rows').parentElement.hidden = list.length === 0;
    byId('names-none').hidden = list.length > 0;
  }

  function showReasons() {
    const list = Object.entries(last.refusals || {}).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
    const most = list.length > 0 ? list[0][1] : 1;
    const make = () => {
      const item = element('li');
      item.append(element('span'), element('strong'), element('meter'));
      return item;
    };
    rows(byId('reasons'), list, ([reason]) => reason, make, (item, [reason, count]) => {
      const label = Object.hasOwn(REASONS, reason) ? REASONS[reason] : reason;
      text(item.children[0], label);
      text(item.children[1], number.format(count));
      item.children[2].max = most;
      item.children[2].value = count;
      item.children[2].setAttribute('aria-label', label);
    });
    byId('reasons-none').hidden = list.length > 0;
  }

  // ---- requests

  function request(path, options) {
    const headers = { Accept: 'application/json' };
    if (token) headers.Authorization = 'Bearer ' + token;
    return fetch(path, { cache: 'no-store', credentials: 'omit', redirect: 'error', headers, signal: AbortSignal.timeout(TIMEOUT), ...options });
  }

  async function errorOf(response) {
    try {
      return String((await response.json()).error || response.status);
    } catch {
      return 'status ' + response.status;
    }
  }

  /** A token is sent as a header, which must be visible ASCII. */
  function setToken(value) {
    if (!/^[\x21-\x7e]+$/.test(value)) return false;
    token = value;
    return true;
  }

  function keepToken() {
    if (token) sessionStorage.setItem(TOKEN, token);
    else sessionStorage.removeItem(TOKEN);
  }

  function lost(why) {
    lostSince = lostSince || Date.now();
    const since = new Date(lostSince).toLocaleTimeString(); // a text that stays, because screen readers read each change
    const draining = last && last.state === 'draining';
    byId('banner').className = draining ? 'banner warn' : 'banner';
    text('banner', draining
      ? 'No answer since ' + since + '. The process was draining and has probably ended.'
      : 'Connection lost at ' + since + ' (' + why + '). Trying again.');
    byId('banner').hidden = false;
    byId('state').dataset.state = 'lost';
    text('state', 'no connection');
    byId('content').classList.add('stale');
    byId('drain').hidden = true;
  }

  function found() {
    lostSince = null;
    byId('banner').hidden = true;
    byId('content').classList.remove('stale');
  }

  function askForToken(message) {
    found();
    byId('content').hidden = true;
    byId('drain').hidden = true;
    byId('state').dataset.state = 'wait';
    text('state', 'token needed');
    text('login-error', message);
    if (!byId('login').hidden) return;
    byId('login').hidden = false;
    byId('login-token').focus();
  }

  async function poll() {
    clearTimeout(timer);
    const mine = ++generation;
    let again = PERIOD;
    try {
      const response = await request('api/tunnels');
      if (mine !== generation) return;
      if (response.status === 401) {
        const wrong = token !== '';
        token = '';
        keepToken();
        askForToken(wrong ? 'This token is not accepted.' : '');
        return; // the form goes on
      }
      if (response.status === 429) again = 1000 * Math.min(60, Number(response.headers.get('Retry-After')) || 5);
      if (!response.ok) throw new Error(await errorOf(response));
      const answer = await response.json();
      if (mine !== generation) return;
      if (!answer || !Array.isArray(answer.tunnels)) throw new Error('the answer is not that of a relay');
      keepToken();
      measure(answer);
      last = answer;
      found();
      byId('login').hidden = true;
      byId('content').hidden = false;
      show();
    } catch (e) {
      if (mine !== generation) return;
      lost(e.name === 'TimeoutError' ? 'no answer' : e instanceof TypeError ? 'unreachable' : e.message);
    }
    timer = setTimeout(poll, again);
  }

  // ---- actions

  byId('login-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const value = byId('login-token').value.trim();
    byId('login-token').value = '';
    if (!setToken(value)) {
      text('login-error', 'A token has only visible ASCII characters.');
      return;
    }
    text('login-error', '');
    poll();
  });

  byId('filter').addEventListener('input', showTunnels);

  byId('drain').addEventListener('click', () => {
    const server = last.role === 'server';
    const visitors = plural(last.sums.openVisitors, 'connected visitor', 'connected visitors');
    text('drain-text', (server ? 'The server refuses new clients and visitors. ' : 'The forwarder gives back its public port. ')
      + visitors + ' may finish within the grace period, then the process ends. This cannot be undone.');
    text('drain-error', '');
    byId('drain-token-box').hidden = token !== '';
    byId('drain-token').required = token === '';
    byId('drain-dialog').showModal();
    (token ? byId('drain-cancel') : byId('drain-token')).focus();
  });

  byId('drain-cancel').addEventListener('click', () => byId('drain-dialog').close());

  byId('drain-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const before = token;
    const typed = byId('drain-token').value.trim();
    byId('drain-token').value = '';
    if (!token && !setToken(typed)) {
      text('drain-error', 'A token has only visible ASCII characters.');
      return;
    }
    byId('drain-confirm').disabled = true;
    try {
      const response = await request('api/drain', { method: 'POST' });
      if (response.ok) {
        keepToken();
        byId('drain-dialog').close();
        poll();
        return;
      }
      token = response.status === 401 ? '' : before;
      keepToken();
      byId('drain-token-box').hidden = token !== '';
      byId('drain-token').required = token === '';
      if (!token) byId('drain-token').focus();
      text('drain-error', response.status === 401 ? 'This token is not accepted.' : 'Not drained: ' + (await errorOf(response)));
    } catch (e) {
      token = before;
      text('drain-error', 'Not drained: the address does not answer.');
    } finally {
      byId('drain-confirm').disabled = false;
    }
  });

  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && byId('login').hidden) poll();
  });
  poll();
})();
