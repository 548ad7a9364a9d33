#!/bin/sh
# the numbers of the paper, one by one, and the paper
set -e
temperance derive --gate activation --activation tanh
temperance predict --gate activation --activation tanh --gauge anchored --true 2 --fitted 2 --truth truth.json
temperance predict --gate activation --activation tanh --gauge anchored --true 2 --fitted 3 --truth truth.json
temperance exponents --gate activation --activation tanh --truth truth.json --bounds-only --split one --certificate orders-one.json
temperance exponents --gate activation --activation tanh --truth truth.json --bounds-only --split all --certificate orders-all.json
temperance coefficient --gate activation --activation tanh --gauge anchored --true 2 --fitted 3 --truth truth.json
temperance twins tanh --truth truth.json --gauge anchored
temperance efficiency tanh --truth truth.json --gauge anchored
temperance check tanh
temperance rates --gate activation --activation tanh --gauge anchored --true 2 --fitted 3 --truth truth.json
temperance paper --gate activation --activation tanh --gauge anchored --true 2 --fitted 3 --truth truth.json -o again
