module consumer.micrometer {
    requires org.relay4j.client;
    requires org.relay4j.micrometer;
    requires org.relay4j.server;
}
