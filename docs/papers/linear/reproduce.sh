#!/bin/sh
# the numbers of the paper, one by one, and the paper
set -e
temperance derive --gate linear
temperance predict --gate linear --true 2 --fitted 2 --truth truth.json
temperance predict --gate linear --true 2 --fitted 3 --truth truth.json
temperance exponents --gate linear --truth truth.json --bounds-only --split one --certificate orders-one.json
temperance exponents --gate linear --truth truth.json --bounds-only --split all --certificate orders-all.json
temperance coefficient --gate linear --gauge free --true 2 --fitted 3 --truth truth.json
temperance twins --gate linear --truth truth.json
temperance efficiency --gate linear --parameter tau --truth truth.json
temperance efficiency --gate linear --parameter beta1/tau --truth truth.json
temperance efficiency --gate linear --parameter beta0/tau --truth truth.json
temperance efficiency --gate linear --parameter a --truth truth.json
temperance efficiency --gate linear --parameter b --truth truth.json
temperance efficiency --gate linear --parameter nu --truth truth.json
temperance check --gate linear
temperance rates --gate linear --true 2 --fitted 3 --truth truth.json
temperance paper --gate linear --true 2 --fitted 3 --truth truth.json -o again
