"""Bounds contact orders by theorems on gates and experts (theory 4.2, 5), and solves linear programs exactly.

Takes a setting; returns upper bounds of orders with the theorem that gives each. Start with `gate_orders`, then
`expert_orders`; `coordinates` makes means linear, `independence` proves what theorems assume of functions of x,
`dual_simplex` bounds orders.
"""
