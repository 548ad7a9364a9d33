#!/bin/sh
# the numbers of the paper, one by one, and the paper
set -e
temperance derive --gate softmax
temperance predict --gate softmax --true 2 --fitted 2 --truth truth.json
temperance predict --gate softmax --true 2 --fitted 3 --truth truth.json
temperance exponents --gate softmax --truth truth.json --bounds-only --split one --certificate orders-one.json
temperance exponents --gate softmax --truth truth.json --bounds-only --split all --certificate orders-all.json
temperance coefficient --gate softmax --gauge free --true 2 --fitted 3 --truth truth.json
temperance twins --gate softmax --truth truth.json
temperance efficiency --gate softmax --parameter beta1 --truth truth.json
temperance efficiency --gate softmax --parameter beta0 --truth truth.json
temperance efficiency --gate softmax --parameter a --truth truth.json
temperance efficiency --gate softmax --parameter b --truth truth.json
temperance efficiency --gate softmax --parameter nu --truth truth.json
temperance check --gate softmax
temperance rates --gate softmax --true 2 --fitted 3 --truth truth.json
temperance paper --gate softmax --true 2 --fitted 3 --truth truth.json -o again
