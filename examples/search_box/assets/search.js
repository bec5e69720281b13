/* A search box: asks Python at each key, and shows what the newest text found. */

window.dash_interop.tunnels.when('search').then((tunnel) => {
    const box = document.getElementById('box');
    const input = document.createElement('input');
    const list = document.createElement('ul');
    const note = document.createElement('p');
    input.id = 'text';
    list.id = 'found';
    list.className = 'log';
    note.id = 'note';
    note.className = 'muted';
    input.setAttribute('aria-label', 'Name of a module');
    box.append(input, note, list);

    input.addEventListener('input', async () => {
        try {
            // Of several that are under way, only the newest counts.
            show(await tunnel.request(input.value, { newestOnly: true }));
        } catch (error) {
            if (error.type !== 'Superseded') {
                note.textContent = error.message;
            }
        }
    });

    function show(names) {
        note.textContent = names.length === 0 ? 'Nothing was found.' : '';
        list.replaceChildren(...names.map(entry));
    }

    function entry(name) {
        const item = document.createElement('li');
        const button = document.createElement('button');
        button.textContent = name;
        button.className = 'second';
        button.addEventListener('click', () => {
            window.dash_interop.tunnels.get('pick').send_msg(name);
        });
        item.append(button);
        return item;
    }

    tunnel.on_receive((_version, { searched }) => {
        input.placeholder = `Search ${searched} modules`;
    });
});
