"""Bounds contact orders, and with them rates, in any setting of a gate and an expert (theory 4.3, 5).

Takes a gate, an expert, a true point and the atoms of a cell; returns for every parameter and weighted mean an upper
bound of its order with its proof, an order that a curve reaches, or the exact curve along which it is flat. Start with
`contact_orders.orders`; `bound_certificates`, `moment_bounds` and `orders_from_theorems` bound from above,
`contact_curves` from below."""
