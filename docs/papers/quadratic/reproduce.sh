#!/bin/sh
# the numbers of the paper, one by one, and the paper
set -e
temperance derive --gate quadratic
temperance predict --gate quadratic --true 2 --fitted 2 --truth truth.json
temperance predict --gate quadratic --true 2 --fitted 3 --truth truth.json
temperance exponents --gate quadratic --truth truth.json --bounds-only --split one --certificate orders-one.json
temperance exponents --gate quadratic --truth truth.json --bounds-only --split all --certificate orders-all.json
temperance coefficient --gate quadratic --gauge free --true 2 --fitted 3 --truth truth.json
temperance twins --gate quadratic --atoms 2
temperance efficiency --gate quadratic --parameter tau --truth truth.json
temperance rates --gate quadratic --true 2 --fitted 3 --truth truth.json
temperance paper --gate quadratic --true 2 --fitted 3 --truth truth.json -o again
