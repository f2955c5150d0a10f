// Buying, as people do: with and without scripts, by keyboard, with an account.
import { journey, CARD } from './people.mjs';

journey('a guest chooses, buys and sees the order paid', async ({ guest }) => {
    const mali = await guest();
    await mali.opens('/products/tao-on-ear-headphones');
    await mali.chooses('Canal teal');
    await mali.sees('KLU-TAO-TEAL');
    await mali.clicks('Add to cart');
    await mali.sees('It is in your cart.');
    await mali.clicks('Go to the cart');
    await mali.sees('Your cart', 'Canal teal');
    await mali.goesToCheckout();
    await mali.saysWhereToSend();
    await mali.choosesDelivery();
    await mali.goesToTheBankPage();
    await mali.givesCard(CARD.pays);
    await mali.isAt(/^\/orders\//);
    await mali.sees('Thank you, it is paid');
});

journey('a guest without scripts buys the same way and reloads to see it paid', async ({ guest }) => {
    const mali = await guest({ scripts: false });
    await mali.opens('/products/tao-on-ear-headphones');
    await mali.chooses('Canal teal');
    await mali.clicks('Show this choice');
    await mali.sees('KLU-TAO-TEAL');
    await mali.clicks('Add to cart');
    await mali.sees('Your cart', 'Canal teal');
    await mali.goesToCheckout();
    await mali.saysWhereToSend();
    await mali.choosesDelivery();
    await mali.goesToTheBankPage();
    await mali.givesCard(CARD.pays);
    await mali.isAt(/^\/orders\//);
    await mali.reloads();
    await mali.sees('Thank you, it is paid');
});
