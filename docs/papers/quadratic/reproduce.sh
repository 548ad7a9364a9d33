#!/bin/sh
# the numbers of the paper, one by one, and the paper
set -e
temperance derive --gate quadratic
temperance predict --gate quadratic --true 2 --fitted 2 --truth truth.json
temperance predict --gate quadratic --true 2 --fitted 3 --truth truth.json
temperance exponents --gate quadratic --truth truth.json --bounds-only --split one --certificate orders-one.json
temperance exponents --gate quadratic --truth truth.json --bounds-only --split all --certificate orders-all.json
temperance coefficient --gate quadratic --gauge free --true 2 --fitted 3 --truth truth.json
temperance twins --gate quadratic --truth truth.json
temperance efficiency --gate quadratic --parameter tau --truth truth.json
temperance efficiency --gate quadratic --parameter A/tau --truth truth.json
temperance efficiency --gate quadratic --parameter beta1/tau --truth truth.json
temperance efficiency --gate quadratic --parameter beta0/tau --truth truth.json
temperance efficiency --gate quadratic --parameter a --truth truth.json
temperance efficiency --gate quadratic --parameter b --truth truth.json
temperance efficiency --gate quadratic --parameter nu --truth truth.json
temperance check --gate quadratic
temperance rates --gate quadratic --true 2 --fitted 3 --truth truth.json
temperance paper --gate quadratic --true 2 --fitted 3 --truth truth.json -o again
