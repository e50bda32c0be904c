;;; keras-lsp.el --- Tensor shapes and shape bugs of Keras programs -*- lexical-binding: t -*-

;; Package-Requires: ((emacs "28.1"))

;;; Commentary:

;; lsp-mode: the server runs beside any other Python server.
;; eglot: one server runs per buffer, so keras-lsp then runs alone; inlay hints need eglot 1.10 (Emacs 29).

;;; Code:

(require 'let-alist)
(require 'seq)
(require 'url-util)

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

;; A run-time error, explained.

(declare-function eglot-current-server "eglot")
(declare-function jsonrpc-request "jsonrpc")
(declare-function lsp-request "lsp-mode")

(defun keras-lsp--program (text)
  "The Python buffer that TEXT is about: one that it names, else the current one, else any."
  (let* ((buffers (seq-filter (lambda (buffer)
                                (and (buffer-file-name buffer)
                                     (with-current-buffer buffer (derived-mode-p 'python-mode 'python-base-mode))))
                              (buffer-list)))
         (named (seq-find (lambda (buffer)
                            (string-match-p (concat (regexp-quote (file-name-nondirectory (buffer-file-name buffer)))
                                                    "\\(\", line \\|:\\)[0-9]")
                                            text))
                          buffers)))
    (or named (car (memq (current-buffer) buffers)) (car buffers)
        (user-error "Open the Python file first"))))

(defun keras-lsp--execute (command argument)
  "What the server of the current buffer answers to COMMAND with ARGUMENT, a plist; as an alist."
  (let* ((params (list :command command :arguments (vector argument)))
         (answer (cond
                  ((and (fboundp 'eglot-current-server) (eglot-current-server))
                   (jsonrpc-request (eglot-current-server) :workspace/executeCommand params))
                  ((bound-and-true-p lsp-mode) (lsp-request "workspace/executeCommand" params))
                  (t (user-error "No server runs for %s" (buffer-name))))))
    (json-parse-string (json-serialize answer :null-object nil :false-object :json-false)
                       :object-type 'alist :null-object nil)))

(defun keras-lsp-explain-error (text)
  "Show what TEXT, an error of Keras or TensorFlow, means; go to the line that it is about.
Interactively, TEXT is the region, in a shell buffer too, else what was copied last."
  (interactive (list (if (use-region-p)
                         (buffer-substring-no-properties (region-beginning) (region-end))
                       (current-kill 0 t))))
  (let* ((buffer (keras-lsp--program text))
         (uri (concat "file://" (url-hexify-string (buffer-file-name buffer) url-path-allowed-chars)))
         (answer (with-current-buffer buffer
                   (keras-lsp--execute "keras-lsp.explainError" (list :text text :uri uri))))
         (start (let-alist answer .place.range.start)))
    (when start
      (pop-to-buffer buffer)
      (push-mark nil t)
      (goto-char (point-min))
      (forward-line (alist-get 'line start))
      (back-to-indentation))
    (with-help-window "*keras-lsp error*"
      (princ (alist-get 'text answer)))))

(provide 'keras-lsp)
;;; keras-lsp.el ends here
