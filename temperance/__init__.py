"""temperance: the theory of temperature in softmax-gated Gaussian mixtures of experts, proved and measured."""
