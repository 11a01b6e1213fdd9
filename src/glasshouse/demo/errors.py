"""Errors as three languages report them, for the demo's failing jobs."""

# Backtraces are quoted as the languages print them: long lines stay long.
# ruff: noqa: E501

from __future__ import annotations

import msgspec


class DemoError(msgspec.Struct, frozen=True):
    """What a worker sends with FAIL."""

    errtype: str
    message: str
    backtrace: tuple[str, ...]


_RUBY_TAIL = (
    "/srv/shop/vendor/bundle/ruby/3.4.0/gems/faktory_worker_ruby-2.0.0/lib/faktory/processor.rb:190:in 'block in Faktory::Processor#dispatch'",
    "/srv/shop/vendor/bundle/ruby/3.4.0/gems/faktory_worker_ruby-2.0.0/lib/faktory/middleware/chain.rb:141:in 'Faktory::Middleware::Chain#invoke'",
    "/srv/shop/vendor/bundle/ruby/3.4.0/gems/faktory_worker_ruby-2.0.0/lib/faktory/processor.rb:73:in 'Faktory::Processor#process_one'",
    "/srv/shop/vendor/bundle/ruby/3.4.0/gems/faktory_worker_ruby-2.0.0/lib/faktory/util.rb:21:in 'Faktory::Util#watchdog'",
)
_PYTHON_HEAD = (
    "Traceback (most recent call last):",
    '  File "/srv/shop/lib/python3.13/site-packages/faktory/worker.py", line 210, in _process',
    "    return func(*args)",
)
_GO_HEAD = (
    "goroutine 84 [running]:",
    "runtime/debug.Stack()",
    "\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e",
    "github.com/contribsys/faktory_worker_go.dispatch.func1()",
    "\t/go/pkg/mod/github.com/contribsys/faktory_worker_go@v1.7.0/runner.go:251 +0x8c",
)

SMTP_TIMEOUT = DemoError(
    "Net::ReadTimeout",
    "Net::ReadTimeout with #<TCPSocket:(closed)>",
    (
        "/usr/local/lib/ruby/3.4.0/net/protocol.rb:229:in 'Net::BufferedIO#rbuf_fill'",
        "/usr/local/lib/ruby/3.4.0/net/protocol.rb:199:in 'Net::BufferedIO#readline'",
        "/srv/shop/vendor/bundle/ruby/3.4.0/gems/net-smtp-0.5.1/lib/net/smtp.rb:1071:in 'Net::SMTP#recv_response'",
        "/srv/shop/app/mailers/delivery.rb:38:in 'Delivery#deliver'",
        "/srv/shop/app/jobs/send_order_confirmation.rb:14:in 'SendOrderConfirmation#perform'",
        *_RUBY_TAIL,
    ),
)
SMTP_REFUSED = DemoError(
    "Net::SMTPFatalError",
    "550 5.1.1 <h.koehler@example.de>: Recipient address rejected: User unknown",
    (
        "/srv/shop/vendor/bundle/ruby/3.4.0/gems/net-smtp-0.5.1/lib/net/smtp.rb:1084:in 'Net::SMTP#check_response'",
        "/srv/shop/app/mailers/delivery.rb:38:in 'Delivery#deliver'",
        "/srv/shop/app/jobs/application_mailer_job.rb:9:in 'ApplicationMailerJob#perform'",
        *_RUBY_TAIL,
    ),
)
CARD_DECLINED = DemoError(
    "Stripe::CardError",
    "(Status 402) (Request req_8LqZ1xkT3cYwB2) Your card has insufficient funds.",
    (
        "/srv/shop/vendor/bundle/ruby/3.4.0/gems/stripe-13.3.0/lib/stripe/api_requestor.rb:730:in 'Stripe::APIRequestor#handle_error_response'",
        "/srv/shop/vendor/bundle/ruby/3.4.0/gems/stripe-13.3.0/lib/stripe/resources/payment_intent.rb:112:in 'Stripe::PaymentIntent#capture'",
        "/srv/shop/app/services/payments/capture.rb:27:in 'Payments::Capture#call'",
        "/srv/shop/app/jobs/capture_payment.rb:11:in 'CapturePayment#perform'",
        *_RUBY_TAIL,
    ),
)
RATE_LIMIT = DemoError(
    "Stripe::RateLimitError",
    "(Status 429) Request rate limit exceeded. Learn more about rate limits at the API's reference.",
    (
        "/srv/shop/vendor/bundle/ruby/3.4.0/gems/stripe-13.3.0/lib/stripe/api_requestor.rb:702:in 'Stripe::APIRequestor#specific_api_error'",
        "/srv/shop/app/services/payments/refund.rb:19:in 'Payments::Refund#call'",
        "/srv/shop/app/jobs/refund_payment.rb:8:in 'RefundPayment#perform'",
        *_RUBY_TAIL,
    ),
)
DATABASE_GONE = DemoError(
    "psycopg.OperationalError",
    'connection failed: connection to server at "10.20.4.11", port 5432 failed: '
    "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
    (
        *_PYTHON_HEAD,
        '  File "/srv/shop/reports/sales.py", line 71, in nightly_sales_report',
        "    with psycopg.connect(settings.warehouse) as connection:",
        '  File "/srv/shop/lib/python3.13/site-packages/psycopg/connection.py", line 118, in connect',
        "    raise last_ex.with_traceback(None)",
        'psycopg.OperationalError: connection failed: connection to server at "10.20.4.11", port 5432 failed',
    ),
)
INDEX_CONFLICT = DemoError(
    "elasticsearch.ConflictError",
    "ConflictError(409, 'version_conflict_engine_exception', '[KET-0117]: version conflict, "
    "required seqNo [1182], primary term [3]. current document has seqNo [1183]')",
    (
        *_PYTHON_HEAD,
        '  File "/srv/shop/search/index.py", line 44, in reindex_product',
        "    client.index(index='products', id=sku, document=document, if_seq_no=seq_no)",
        '  File "/srv/shop/lib/python3.13/site-packages/elasticsearch/_sync/client/_base.py", line 352, in _perform_request',
        "    raise HTTP_EXCEPTIONS.get(meta.status, ApiError)(",
        "elasticsearch.ConflictError: ConflictError(409, 'version_conflict_engine_exception')",
    ),
)
MISSING_KEY = DemoError(
    "KeyError",
    "'vat_id'",
    (
        *_PYTHON_HEAD,
        '  File "/srv/shop/imports/supplier.py", line 129, in import_supplier_feed',
        "    supplier = Supplier(name=row['name'], vat_id=row['vat_id'])",
        "                                                 ~~~^^^^^^^^^^",
        "KeyError: 'vat_id'",
    ),
)
NIL_IMAGE = DemoError(
    "runtime.Error",
    "panic: runtime error: invalid memory address or nil pointer dereference",
    (
        *_GO_HEAD,
        "panic({0x8f2a40?, 0xd71b60?})",
        "\t/usr/local/go/src/runtime/panic.go:792 +0x132",
        "example.com/shop/media/resize.(*Pipeline).Fit(0xc0001a2000, {0x0, 0x0}, 0x320, 0x320)",
        "\t/src/media/resize/pipeline.go:88 +0x1d4",
        "example.com/shop/media/jobs.ResizeProductImage({0xa5c1b8, 0xc00021e000}, {0xc0000b4180, 0x1, 0x1})",
        "\t/src/media/jobs/resize.go:41 +0x2a5",
    ),
)
STORAGE_403 = DemoError(
    "*s3.ResponseError",
    "operation error S3: GetObject, https response error StatusCode: 403, RequestID: 7Q2M9C1F, AccessDenied",
    (
        *_GO_HEAD,
        "example.com/shop/media/storage.(*Bucket).Open(0xc00012c0f0, {0xc00003a1c0, 0x2f})",
        "\t/src/media/storage/bucket.go:63 +0x11b",
        "example.com/shop/media/jobs.GenerateThumbnail({0xa5c1b8, 0xc00021e000}, {0xc0000b4180, 0x1, 0x1})",
        "\t/src/media/jobs/thumbnail.go:29 +0x19c",
    ),
)
