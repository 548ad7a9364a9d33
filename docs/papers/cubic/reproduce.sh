#!/bin/sh
# the numbers of the paper, one by one, and the paper
set -e
temperance derive --gate 'beta1*x**3/tau + beta2*x'
temperance predict --gate 'beta1*x**3/tau + beta2*x' --true 2 --fitted 2 --truth truth.json
temperance predict --gate 'beta1*x**3/tau + beta2*x' --true 2 --fitted 3 --truth truth.json
temperance exponents --gate 'beta1*x**3/tau + beta2*x' --truth truth.json --bounds-only --split one --certificate orders-one.json
temperance exponents --gate 'beta1*x**3/tau + beta2*x' --truth truth.json --bounds-only --split all --certificate orders-all.json
temperance coefficient --gate 'beta1*x**3/tau + beta2*x' --gauge free --true 2 --fitted 3 --truth truth.json
temperance twins --gate 'beta1*x**3/tau + beta2*x' --truth truth.json
temperance efficiency --gate 'beta1*x**3/tau + beta2*x' --parameter tau --truth truth.json
temperance efficiency --gate 'beta1*x**3/tau + beta2*x' --parameter beta1/tau --truth truth.json
temperance efficiency --gate 'beta1*x**3/tau + beta2*x' --parameter beta2 --truth truth.json
temperance efficiency --gate 'beta1*x**3/tau + beta2*x' --parameter beta0 --truth truth.json
temperance efficiency --gate 'beta1*x**3/tau + beta2*x' --parameter a --truth truth.json
temperance efficiency --gate 'beta1*x**3/tau + beta2*x' --parameter b --truth truth.json
temperance efficiency --gate 'beta1*x**3/tau + beta2*x' --parameter nu --truth truth.json
temperance check --gate 'beta1*x**3/tau + beta2*x'
temperance rates --gate 'beta1*x**3/tau + beta2*x' --true 2 --fitted 3 --truth truth.json
temperance paper --gate 'beta1*x**3/tau + beta2*x' --true 2 --fitted 3 --truth truth.json -o again
