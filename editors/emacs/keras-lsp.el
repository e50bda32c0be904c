;;; keras-lsp.el --- Tensor shapes and shape bugs of Keras programs -*- lexical-binding: t -*-

;; Package-Requires: ((emacs "28.1"))

;;; Commentary:

;; lsp-mode: the server runs beside any other Python server.
;; eglot: one server runs per buffer, so keras-lsp then runs alone; inlay hints need eglot 1.10 (Emacs 29).

;;; Code:

(defgroup keras-lsp nil
  "Tensor shapes and shape bugs of Keras programs."
  :group 'tools)

(defcustom keras-lsp-command '("keras-lsp" "server")
  "How the server is started."
  :type '(repeat string)
  :group 'keras-lsp)

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               (cons '(python-mode python-ts-mode) (lambda (&rest _) keras-lsp-command))))

(with-eval-after-load 'lsp-mode
  (when (fboundp 'lsp-register-client)
    (lsp-register-client
     (make-lsp-client
      :new-connection (lsp-stdio-connection (lambda () keras-lsp-command))
      :major-modes '(python-mode python-ts-mode)
      :server-id 'keras-lsp
      :add-on? t
      :priority -1))))

(provide 'keras-lsp)
;;; keras-lsp.el ends here
