"""Images from a folder through tf.data into a pretrained model."""

import keras
import tensorflow as tf

SIZE, BATCH = (160, 160), 32

train = keras.utils.image_dataset_from_directory("photos", image_size=SIZE, batch_size=BATCH, label_mode="categorical")
train = train.map(lambda image, label: (image / 255.0, label)).prefetch(tf.data.AUTOTUNE)

base = keras.applications.MobileNetV2(input_shape=(*SIZE, 3), include_top=False, weights=None)
base.trainable = False

inputs = keras.Input(shape=(*SIZE, 3))
x = keras.applications.mobilenet_v2.preprocess_input(inputs)
x = base(x, training=False)
x = keras.layers.GlobalAveragePooling2D()(x)
outputs = keras.layers.Dense(5, activation="softmax")(x)
model = keras.Model(inputs, outputs)
try:
    model.compile("adam", "categorical_crossentropy", ["accuracy"])
    model.fit(train, epochs=3, callbacks=[keras.callbacks.EarlyStopping(monitor="loss", patience=2)])
except KeyboardInterrupt:
    pass
finally:
    model.save("photos.keras")
