module consumer.api {
    requires org.relay4j.api;
}
