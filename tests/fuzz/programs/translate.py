"""Sequence to sequence, with states."""

from keras.layers import LSTM, Bidirectional, Concatenate, Dense, Embedding, Input, TimeDistributed
from keras.models import Model

source_words, target_words, units = 5000, 6000, 256

encoder_inputs = Input(shape=(None,))
embedded = Embedding(source_words, 128, mask_zero=True)(encoder_inputs)
encoder = Bidirectional(LSTM(units, return_state=True, return_sequences=True))
sequence, forward_h, forward_c, backward_h, backward_c = encoder(embedded)
states = [Concatenate()([forward_h, backward_h]), Concatenate()([forward_c, backward_c])]

decoder_inputs = Input(shape=(None,))
decoder = LSTM(units * 2, return_sequences=True, return_state=True)
outputs, *_ = decoder(Embedding(target_words, 128)(decoder_inputs), initial_state=states)
outputs = TimeDistributed(Dense(target_words, activation="softmax"))(outputs)

model = Model([encoder_inputs, decoder_inputs], outputs)
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")
